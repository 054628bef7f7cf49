"""Routes of the templates_wa app."""

from templates_wa.views import TemplateViewSet
from tenants.routing import OptionalSlashRouter

router = OptionalSlashRouter()
router.register("templates", TemplateViewSet, basename="template")

urlpatterns = router.urls
