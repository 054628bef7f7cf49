"""The permission matrix: the rights of each role, and the right that a request needs."""

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
"""No role includes OPERATE: only superusers who are members of the tenant have it."""


def permissions_of(membership: Membership) -> frozenset[Action]:
    """The rights of a member in the membership's tenant."""
    granted = MATRIX[Role(membership.role)]
    return granted | {Action.OPERATE} if membership.user.is_superuser else granted


def may(membership: Membership, action: Action) -> bool:
    return action in permissions_of(membership)


def required_action(request: Request, view: "APIView") -> Action:
    """The right that the view declares; by default READ for safe methods and WRITE for others.

    The view's `required` is one right, or maps the viewset's action (`list`, `create`, `send` …)
    to a right; in a plain APIView its keys are methods in lower case.
    """
    default = Action.READ if request.method in SAFE_METHODS else Action.WRITE
    declared: Mapping[str, Action] | Action = getattr(view, "required", {})
    if isinstance(declared, Action):
        return declared
    name = getattr(view, "action", None) or (request.method or "").lower()
    return declared.get(name, default)


class RolePermission(BasePermission):
    """Allows a request if the member's current role in the database grants the required right."""

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        membership = request.auth
        if not isinstance(membership, Membership):
            return False
        return may(membership, required_action(request, view))
