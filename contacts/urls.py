from contacts.import_views import ImportViewSet
from contacts.views import ContactViewSet, SuppressionViewSet
from tenants.routing import OptionalSlashRouter

router = OptionalSlashRouter()
router.register("contacts/imports", ImportViewSet, basename="contact-import")
router.register("contacts", ContactViewSet, basename="contact")
router.register("suppressions", SuppressionViewSet, basename="suppression")

urlpatterns = router.urls
