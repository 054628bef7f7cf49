"""HTTP as adapters see it: requests, answers and webhook calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to a provider, with at most one of `json`, `form` and `content`."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    """A file's bytes; the headers name its type."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer that was read completely."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """The secrets that verify an endpoint's calls; keys: the adapter's `webhook_secret_names`."""

    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """A provider's call to us, unparsed. Header names are lower-case.

    `url` is the whole public URL with its query. It is made from PUBLIC_URL and never from the Host
    header, because some providers sign it.
    """

    method: str
    url: str = field(repr=False)
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
