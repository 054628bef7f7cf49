#!/usr/bin/env python
"""Django's command line; it uses the embedded servers if no others are configured."""

import os
import sys

from django.core.management import execute_from_command_line

from config.embedded import serve_where_unset


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    serve_where_unset()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
