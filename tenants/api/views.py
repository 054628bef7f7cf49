"""Log-in, refresh of the access token, and the caller's own membership."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken

from api.error_schema import ErrorResponseSerializer
from tenants.api.scoped_views import TenantView
from tenants.api.serializers import (
    AccessSerializer,
    LoginSerializer,
    MeSerializer,
    RefreshSerializer,
    TokensSerializer,
)
from tenants.api.throttles import AddressThrottle, LoginThrottle
from tenants.login import log_in
from tenants.tokens import TokenNoLongerValid, issue, membership_of


class PublicView(APIView):
    """A view without authentication, which ignores any token in the request."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class TokenView(PublicView):
    throttle_classes = (LoginThrottle, AddressThrottle)

    @extend_schema(
        operation_id="token_create",
        summary="Log in",
        request=LoginSerializer,
        responses={
            200: TokensSerializer,
            401: ErrorResponseSerializer,
            403: ErrorResponseSerializer,
        },
        examples=[
            OpenApiExample(
                "Log in",
                value={"email": "owner@example.com", "password": "a long password"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Log in to one tenant; the answer is an access token and a refresh token.

        A user of several tenants must name one, else the answer is 400 `tenant_required` with the
        choices in `data`. After too many failed log-ins, the answer is 429
        `too_many_failed_logins`, also to the right password, with the time to wait in
        `Retry-After`.
        """
        credentials = _valid(LoginSerializer(data=request.data))
        token = issue(log_in(request._request, **credentials, now=timezone.now()))  # noqa: SLF001
        return Response({"access": str(token.access_token), "refresh": str(token)})


class TokenRefreshView(PublicView):
    @extend_schema(
        operation_id="token_refresh",
        summary="Get a new access token",
        request=RefreshSerializer,
        responses={
            200: AccessSerializer,
            401: ErrorResponseSerializer,
            403: ErrorResponseSerializer,
        },
    )
    def post(self, request: Request) -> Response:
        """Get a new access token, if the user is still a member of the tenant."""
        token = _refresh_token(_valid(RefreshSerializer(data=request.data))["refresh"])
        membership_of(token)
        return Response({"access": str(token.access_token)})


class MeView(TenantView):
    @extend_schema(
        operation_id="me_retrieve",
        summary="Get the caller's membership",
        responses={200: MeSerializer},
    )
    def get(self, request: Request) -> Response:
        """Get the caller, their tenant and role, and the tenant's currency and time zone."""
        return Response(MeSerializer(self.membership).data)


def _valid(serializer: LoginSerializer | RefreshSerializer) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _refresh_token(text: str) -> RefreshToken:
    try:
        return RefreshToken(text)  # type: ignore[arg-type]  # annotated as a Token, accepts text
    except TokenError as error:
        raise TokenNoLongerValid("This token is not valid. Please log in again.") from error
