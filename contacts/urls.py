from api.routing import OptionalSlashRouter
from contacts.import_views import ImportViewSet
from contacts.views import ContactViewSet, SuppressionViewSet

router = OptionalSlashRouter()
router.register("contacts/imports", ImportViewSet, basename="contact-import")
router.register("contacts", ContactViewSet, basename="contact")
router.register("suppressions", SuppressionViewSet, basename="suppression")

urlpatterns = router.urls
