"""Routes of the templates_wa app."""

from api.routing import OptionalSlashRouter
from templates_wa.api.views import TemplateViewSet

router = OptionalSlashRouter()
router.register("templates", TemplateViewSet, basename="template")

urlpatterns = router.urls
