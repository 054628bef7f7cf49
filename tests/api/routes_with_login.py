"""The API's routes that need a login: what the generated tests go through."""

from tests.api.objects import (
    PUBLIC_NAMES,
    PUBLIC_PREFIXES,
)
from tests.api.routes import all_routes

ROUTES = [
    route
    for route in all_routes()
    if route.name not in PUBLIC_NAMES and not route.pattern.startswith(PUBLIC_PREFIXES)
]
