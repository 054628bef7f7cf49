"""Every route that needs a bearer token, and an object of a tenant for its URL."""

from uuid import uuid4

from tenants.models import Tenant
from tests.api.objects import OBJECTS, PUBLIC_NAMES, PUBLIC_PREFIXES
from tests.api.routes import Route, all_routes

ROUTES = [
    route
    for route in all_routes()
    if route.name not in PUBLIC_NAMES and not route.pattern.startswith(PUBLIC_PREFIXES)
]


def object_id(route: Route, tenant: Tenant) -> str:
    """Makes an object of the tenant for the route; a route without objects gets a random id."""
    make = OBJECTS.get(route.key)
    made = make(tenant) if make else str(uuid4())
    return made if isinstance(made, str) else str(made.pk)
