"""Routes of the contacts app."""

from api.routing import OptionalSlashRouter
from contacts.api.import_views import ImportViewSet
from contacts.api.views import ContactViewSet, SuppressionViewSet

router = OptionalSlashRouter()
router.register("contacts/imports", ImportViewSet, basename="contact-import")
router.register("contacts", ContactViewSet, basename="contact")
router.register("suppressions", SuppressionViewSet, basename="suppression")

urlpatterns = router.urls
