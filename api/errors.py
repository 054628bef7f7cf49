"""The base class of every refusal that the domain raises."""

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """A refusal with a stable code and an HTTP status; its text names the way out.

    Subclasses set `code` and `status`. `detail` is a sentence for the user. `attr` is the dotted
    path of the input field at fault, None if no single field is. `data` holds facts that a client
    can act on (JSON-serialisable).
    """

    code = "domain_error"
    status = 409

    def __init__(
        self, detail: str, *, attr: str | None = None, data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.attr = attr
        self.data = dict(data or {})


class InvalidInput(DomainError):
    """The input cannot be accepted as it stands."""

    code = "invalid"
    status = 400


class Conflict(DomainError):
    """The object is not in a state that allows this."""

    code = "conflict"
    status = 409


class RequestTooLarge(DomainError):
    """The request's body is longer than the server reads."""

    code = "request_too_large"
    status = 413

    @classmethod
    def beyond(cls, limit: int, *, hint: str) -> "RequestTooLarge":
        """The refusal of a body longer than `limit` bytes; `hint` names the way out."""
        return cls(
            f"The request's body may have at most {limit:,} bytes here. {hint}",
            data={"limit": limit},
        )
