"""Routes of the channels app."""

from channels.views import ProviderAppViewSet, SenderViewSet
from tenants.routing import OptionalSlashRouter

router = OptionalSlashRouter()
router.register("senders", SenderViewSet, basename="sender")
router.register("provider-apps", ProviderAppViewSet, basename="provider-app")

urlpatterns = router.urls
