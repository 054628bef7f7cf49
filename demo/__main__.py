"""`python -m demo [--once]`: two broadcasts, from a CSV file of contacts to settled credits."""

import os
import sys

import django

from config.embedded import serve_where_unset
from config.embedded.errors import EmbeddedServerError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
OWN_SERVERS = not os.environ.get("DATABASE_URL")
try:
    serve_where_unset()
except EmbeddedServerError as error:
    sys.exit(str(error))
django.setup()

from demo.running import main  # noqa: E402 - imports models, so Django must be set up

sys.exit(main(own_servers=OWN_SERVERS))
