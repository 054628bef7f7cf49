"""The ASGI entry point."""

import os

from django.core.asgi import get_asgi_application

from config.embedded import serve_where_unset
from postgres.statement_timeouts import limit_statements_of_this_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
serve_where_unset()
limit_statements_of_this_process()

application = get_asgi_application()
