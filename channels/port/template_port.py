"""What a provider's template management takes and gives: frozen values, no models.

A provider is a TemplateProvider and a line in channels/providers/template_registry.py.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import SenderAccount


@dataclass(frozen=True, slots=True)
class CardSpec:
    """A card of a carousel."""

    header_format: str
    body: str = ""
    buttons: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """A template's text. Enumerations are the model's own words; keys of `examples` too.

    An authentication template's `body` is its provider's; what is chosen of it stands in
    `add_security_recommendation` and `code_expiration_minutes`.
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
    """A template that the provider has taken for review; an empty `id` leaves the known one."""

    id: str
    status: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class RemoteTemplate:
    """A template as its provider has it. `spec` is None where our model cannot hold it."""

    id: str
    name: str
    language: str
    status: str
    category: str
    reason: str = ""
    quality: str = "UNKNOWN"
    spec: TemplateSpec | None = None


@dataclass(frozen=True, slots=True)
class TemplatePage:
    """`after` is '' on the last page."""

    templates: tuple[RemoteTemplate, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A file that shows reviewers what a header's medium may look like."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


class TemplateProvider(Protocol):
    """Requests and their answers. Pure functions; an answer that refuses raises ProviderRefused."""

    deletes_all_languages: bool
    """A deletion takes all templates of the name with it."""
    samples_are_handles: bool
    """A medium's sample is what `upload` returns; a URL would be refused."""

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
        """The request that submits a change to one that the provider knows."""
        ...

    def submit_outcome(self, response: HttpResponse) -> Submitted:
        """What the provider's answer to either says."""
        ...

    def list_request(
        self, account: SenderAccount, business_account_id: str, *, after: str
    ) -> HttpRequest:
        """The request for a page of all templates; `after` is '' for the first."""
        ...

    def list_outcome(self, response: HttpResponse) -> TemplatePage:
        """The page."""
        ...

    def delete_request(
        self, account: SenderAccount, business_account_id: str, template_id: str, name: str
    ) -> HttpRequest:
        """The request that deletes a template."""
        ...

    def delete_outcome(self, response: HttpResponse) -> None:
        """Raises ProviderRefused unless it is gone."""
        ...

    def upload(
        self, account: SenderAccount, sample: Sample
    ) -> Generator[HttpRequest, HttpResponse | None, str]:
        """Yields each request of an upload, is sent its answer, returns the file's handle."""
        ...


def status_of(word: Any) -> str:
    """A template's status in our words; what is not known is not sent: PENDING."""
    return STATUSES.get(str(word).upper(), "PENDING")


# Meta's statuses and the events of its webhook, which other providers hand through → ours
STATUSES: Mapping[str, str] = {
    "APPROVED": "APPROVED",
    "REINSTATED": "APPROVED",
    "UNPAUSED": "APPROVED",
    "FLAGGED": "APPROVED",  # may be paused soon; can still be sent
    "UNLOCKED": "APPROVED",
    "PENDING": "PENDING",
    "IN_APPEAL": "PENDING",
    "REJECTED": "REJECTED",
    "PAUSED": "PAUSED",
    "LOCKED": "PAUSED",
    "LIMIT_EXCEEDED": "REJECTED",
    "DISABLED": "DISABLED",
    "ARCHIVED": "DISABLED",
    "PENDING_DELETION": "DISABLED",
    "DELETED": "DISABLED",
}
