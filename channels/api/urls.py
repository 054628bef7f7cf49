"""Routes of the channels app."""

from api.routing import OptionalSlashRouter
from channels.api.views import ProviderAppViewSet, SenderViewSet

router = OptionalSlashRouter()
router.register("senders", SenderViewSet, basename="sender")
router.register("provider-apps", ProviderAppViewSet, basename="provider-app")

urlpatterns = router.urls
