"""Routes of the tenants app."""

from django.urls import URLPattern, URLResolver

from api.routing import optional_slash
from tenants.api.views import MeView, TokenRefreshView, TokenView

urlpatterns: list[URLPattern | URLResolver] = [
    optional_slash("token", TokenView.as_view(), name="token"),
    optional_slash("token/refresh", TokenRefreshView.as_view(), name="token-refresh"),
    optional_slash("me", MeView.as_view(), name="me"),
]
