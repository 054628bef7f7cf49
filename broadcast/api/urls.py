"""Routes of the broadcast app."""

from api.routing import UUID_PATTERN, OptionalSlashRouter, optional_slash
from broadcast.api.broadcasts import BroadcastViewSet, MessageViewSet
from broadcast.api.charges import EntryMessagesViewSet
from broadcast.api.estimates import BroadcastEstimateView, NewEstimateView
from broadcast.api.unsubscribe_page import UnsubscribePage

router = OptionalSlashRouter()
router.register("broadcast/messages", MessageViewSet, basename="message")
router.register("broadcast", BroadcastViewSet, basename="broadcast")

urlpatterns = [
    optional_slash(r"u/(?P<code>[0-9A-Za-z]{1,16})", UnsubscribePage.as_view(), name="unsubscribe"),
    optional_slash(
        rf"wallet/entries/(?P<entry_id>{UUID_PATTERN})/messages",
        EntryMessagesViewSet.as_view({"get": "list"}),
        name="wallet-entry-messages",
    ),
    optional_slash(
        "broadcast/estimate", NewEstimateView.as_view(), name="broadcast-estimate-unsaved"
    ),
    optional_slash(
        rf"broadcast/(?P<pk>{UUID_PATTERN})/estimate",
        BroadcastEstimateView.as_view(),
        name="broadcast-estimate",
    ),
    *router.urls,
]
