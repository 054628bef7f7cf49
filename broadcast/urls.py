from broadcast.views import BroadcastViewSet, MessageViewSet
from tenants.routing import OptionalSlashRouter

router = OptionalSlashRouter()
router.register("broadcast/messages", MessageViewSet, basename="message")
router.register("broadcast", BroadcastViewSet, basename="broadcast")

urlpatterns = router.urls
