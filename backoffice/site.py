"""The admin site, which only superusers may open; staff status is not enough."""

from typing import TYPE_CHECKING

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.http import HttpRequest

from backoffice.labels import write_labels

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite as Site
else:
    from unfold.sites import UnfoldAdminSite as Site


class SuperuserSite(Site):
    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)


class AdminConfig(DjangoAdminConfig):
    """Replaces django.contrib.admin in INSTALLED_APPS."""

    default_site = "backoffice.site.SuperuserSite"

    def ready(self) -> None:
        write_labels()  # first, because forms copy the labels when they are imported
        super().ready()
