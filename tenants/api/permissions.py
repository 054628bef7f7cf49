"""The permission matrix: what each role may do, and which right a request needs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from tenants.models import Membership, Role

if TYPE_CHECKING:
    # rest_framework.views imports this module for DEFAULT_PERMISSION_CLASSES.
    from rest_framework.views import APIView


class Action(StrEnum):
    """A right that a request can need."""

    READ = "READ"
    WRITE = "WRITE"
    SEND = "SEND"
    MANAGE_CREDENTIALS = "MANAGE_CREDENTIALS"
    MANAGE_MEMBERS = "MANAGE_MEMBERS"
    MANAGE_MONEY = "MANAGE_MONEY"
    OPERATE = "OPERATE"


_VIEWER = frozenset({Action.READ})
_MANAGER = _VIEWER | {Action.WRITE, Action.SEND}
_ADMIN = _MANAGER | {Action.MANAGE_CREDENTIALS, Action.MANAGE_MEMBERS, Action.MANAGE_MONEY}

MATRIX: Mapping[Role, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN,
}
"""OPERATE is in no role: it belongs to superusers who are members of the tenant."""


def permissions_of(membership: Membership) -> frozenset[Action]:
    """All that a member may do in her tenant."""
    granted = MATRIX[Role(membership.role)]
    return granted | {Action.OPERATE} if membership.user.is_superuser else granted


def may(membership: Membership, action: Action) -> bool:
    return action in permissions_of(membership)


def required_action(request: Request, view: "APIView") -> Action:
    """What the view declares; failing that READ for safe methods, WRITE for all others.

    `required` is keyed by the viewset's action (`list`, `create`, `send` …) or, in a plain APIView,
    by the method in lower case.
    """
    default = Action.READ if request.method in SAFE_METHODS else Action.WRITE
    declared: Mapping[str, Action] | Action = getattr(view, "required", {})
    if isinstance(declared, Action):
        return declared
    name = getattr(view, "action", None) or (request.method or "").lower()
    return declared.get(name, default)


class RolePermission(BasePermission):
    """Lets a request pass if its member's role, as the database has it now, grants the right."""

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        membership = request.auth
        if not isinstance(membership, Membership):
            return False
        return may(membership, required_action(request, view))
