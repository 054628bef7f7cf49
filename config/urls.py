"""All routes; each answers with and without the trailing slash, without a redirect."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from api.routing import optional_slash
from config.openapi.docs_page import DocsView
from config.openapi.document import DocumentView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="docs"), name="home"),
    optional_slash("schema", DocumentView.as_view(), name="schema"),
    optional_slash("docs", DocsView.as_view(url_name="schema"), name="docs"),
    path("admin", admin.site.admin_view(admin.site.index), name="admin-without-slash"),
    path("admin/", admin.site.urls),
    path("", include("tenants.api.urls")),
    path("", include("contacts.api.urls")),
    path("", include("templates_wa.api.urls")),
    path("", include("channels.api.urls")),
    path("", include("wallet.api.urls")),
    path("", include("broadcast.api.urls")),
    path("", include("tracking.api.urls")),
    path("", include("inbound.api.urls")),
]

handler400 = "api.error_pages.bad_request"
handler403 = "api.error_pages.permission_denied"
handler404 = "api.error_pages.not_found"
handler500 = "api.error_pages.server_error"
