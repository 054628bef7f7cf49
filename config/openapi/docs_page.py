"""`/docs/`: Swagger UI; its start script has a URL of its own, so no script stands in the page."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularSwaggerSplitView

POLICY = {
    "script-src": [SELF],
    "style-src": [SELF, UNSAFE_INLINE],  # Swagger UI writes style attributes
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
}


@method_decorator(csp_replace(POLICY), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    """The page, and its start script for `?script=`."""
