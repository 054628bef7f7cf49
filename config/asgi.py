"""The ASGI entry point."""

import os

from django.core.asgi import get_asgi_application

from config.embedded import serve_where_unset

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
serve_where_unset()

application = get_asgi_application()
