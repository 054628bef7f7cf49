"""Request and answer bodies of `/token/`, `/token/refresh/` and `/me/`."""

from typing import Any

from rest_framework import serializers

from tenants.api.permissions import Action, permissions_of
from tenants.models import Membership, Role, Tenant, User


class LoginSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1024, trim_whitespace=False, write_only=True)
    tenant = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="Id or slug; required for users of several tenants.",
    )


class TokensSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Sent as `Authorization: Bearer <access>`.")
    refresh = serializers.CharField(help_text="Exchange it for a new access token.")


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=4096, write_only=True)


class AccessSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Sent as `Authorization: Bearer <access>`.")


class UserSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "email", "name")


class TenantSerializer(serializers.ModelSerializer[Tenant]):
    class Meta:
        model = Tenant
        fields = ("id", "name", "slug")


class MeSerializer(serializers.ModelSerializer[Membership]):
    user = UserSerializer(read_only=True)
    tenant = TenantSerializer(read_only=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)
    permissions = serializers.SerializerMethodField(help_text="Rights that your role grants.")
    currency = serializers.CharField(source="tenant.currency", read_only=True)
    time_zone = serializers.CharField(source="tenant.time_zone", read_only=True)

    class Meta:
        model = Membership
        fields = ("user", "tenant", "role", "permissions", "currency", "time_zone")

    def get_permissions(self, membership: Membership) -> list[Action]:
        return sorted(permissions_of(membership))
