"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from config.embedded import serve_where_unset

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
serve_where_unset()

application = get_wsgi_application()
