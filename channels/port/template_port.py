"""The interface of providers' template management, with frozen values and no models.

A provider needs a TemplateProvider and a line in channels/providers/template_registry.py.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import SenderAccount

# Meta's words for a template's status in lists and answers, which other providers pass on
STATUSES: Mapping[str, str] = {
    "APPROVED": "APPROVED",
    "REINSTATED": "APPROVED",
    "FLAGGED": "APPROVED",  # may be paused soon, but can still be sent
    "PENDING": "PENDING",
    "IN_APPEAL": "PENDING",
    "REJECTED": "REJECTED",
    "LIMIT_EXCEEDED": "REJECTED",
    "PAUSED": "PAUSED",
    "LOCKED": "PAUSED",
    "DISABLED": "DISABLED",
    "ARCHIVED": "DISABLED",
    "PENDING_DELETION": "DISABLED",
    "DELETED": "DISABLED",
}

ARCHIVED = "ARCHIVED"
UNARCHIVED = "UNARCHIVED"
"""Gives back the status that the template had before it was archived."""


@dataclass(frozen=True, slots=True)
class TemplateMove:
    """What a reported event does to a template: its new status, and which statuses it can follow.

    An empty `status` leaves the status as it is. An empty `only_from` stands for every status.
    """

    status: str
    only_from: frozenset[str] = frozenset()


_PAUSED = TemplateMove("PAUSED", frozenset({"PENDING", "APPROVED", "PAUSED"}))
_UNPAUSED = TemplateMove("APPROVED", frozenset({"APPROVED", "PAUSED"}))

# Meta's words for what happened to a template, in webhooks
EVENTS: Mapping[str, TemplateMove] = {
    **{word: TemplateMove(status) for word, status in STATUSES.items()},
    "FLAGGED": TemplateMove(""),
    "PAUSED": _PAUSED,
    "LOCKED": _PAUSED,
    "UNPAUSED": _UNPAUSED,
    "UNLOCKED": _UNPAUSED,
    UNARCHIVED: TemplateMove("", frozenset({"DISABLED"})),
}


@dataclass(frozen=True, slots=True)
class CardSpec:
    """A card of a carousel."""

    header_format: str
    body: str = ""
    buttons: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """A template's content. Enumerations and the keys of `examples` are those of our model.

    The provider writes an authentication template's body; `add_security_recommendation` and
    `code_expiration_minutes` hold the choices that remain.
    """

    name: str
    language: str
    category: str
    body: str
    parameter_format: str = "POSITIONAL"
    header_format: str = "NONE"
    header_text: str = ""
    footer: str = ""
    buttons: Sequence[Mapping[str, Any]] = ()
    cards: Sequence[CardSpec] = ()
    add_security_recommendation: bool = False
    code_expiration_minutes: int | None = None
    examples: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A template that the provider accepted for review. If `id` is empty, the old id stays."""

    id: str
    status: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class RemoteTemplate:
    """A template as its provider lists it; `spec` is None if our model cannot hold it.

    `status` and `quality` are '' if the provider's word is unknown: ours then stays as it is.
    """

    id: str
    name: str
    language: str
    status: str
    category: str
    reason: str = ""
    quality: str = "UNKNOWN"
    spec: TemplateSpec | None = None
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class TemplatePage:
    """A page of a provider's templates; `after` is '' on the last page."""

    templates: tuple[RemoteTemplate, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A file that shows reviewers an example of a header's medium."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


class TemplateProvider(Protocol):
    """Builds requests and reads answers. Pure functions; a refusal raises ProviderRefused."""

    deletes_all_languages: bool
    """A deletion removes the name in all languages."""
    samples_are_handles: bool
    """A medium's sample must be a handle that `upload` returned; a URL is refused."""

    def submit_request(
        self, account: SenderAccount, business_account_id: str, spec: TemplateSpec
    ) -> HttpRequest:
        """The request that submits a new template for review."""
        ...

    def edit_request(
        self,
        account: SenderAccount,
        business_account_id: str,
        template_id: str,
        spec: TemplateSpec,
    ) -> HttpRequest:
        """The request that submits a change of an existing template."""
        ...

    def submit_outcome(self, response: HttpResponse) -> Submitted:
        """Read the answer to a submission or an edit."""
        ...

    def list_request(
        self, account: SenderAccount, business_account_id: str, *, after: str
    ) -> HttpRequest:
        """The request for one page of all templates; `after` is '' for the first page."""
        ...

    def list_outcome(self, response: HttpResponse) -> TemplatePage:
        """Read the page."""
        ...

    def delete_request(
        self, account: SenderAccount, business_account_id: str, template_id: str, name: str
    ) -> HttpRequest:
        """The request that deletes a template."""
        ...

    def delete_outcome(self, response: HttpResponse) -> None:
        """Read the answer to a deletion. Raises ProviderRefused unless the template is gone."""
        ...

    def upload(
        self, account: SenderAccount, sample: Sample
    ) -> Generator[HttpRequest, HttpResponse | None, str]:
        """Yield each request of an upload, receive its answer, return the file's handle."""
        ...


def status_of(word: Any) -> str:
    """Our status for a provider's word in a list or an answer; '' for an unknown word."""
    return STATUSES.get(str(word).upper(), "")


def is_archived(word: Any) -> bool:
    """Whether the provider's word says that the template was archived, so that it may return."""
    return str(word).upper() == ARCHIVED
