"""Routes of the tracking app."""

from api.routing import OptionalSlashRouter, optional_slash
from tracking.api.views import TrackedURLViewSet, follow

router = OptionalSlashRouter()
router.register("broadcast/url-tracking", TrackedURLViewSet, basename="url-tracking")

urlpatterns = [
    optional_slash(r"r/(?P<code>[0-9A-Za-z]{1,16})", follow, name="short-link"),
    *router.urls,
]
