"""Uploads a template's sample by Meta's Resumable Upload API, which returns a handle.

Source: developers.facebook.com/docs/graph-api/guides/upload, Graph API v23.0. The file belongs to
the access token's app.
"""

from collections.abc import Generator
from typing import Any
from urllib.parse import quote, urlencode

from channels.http.asking import ProviderRefused
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import SenderAccount
from channels.port.template_port import Sample
from channels.providers.meta.adapter import VERSION
from channels.providers.meta.answers import answer_of, bearer


def upload(
    account: SenderAccount, sample: Sample
) -> Generator[HttpRequest, HttpResponse | None, str]:
    """Yield each request, receive its answer, return the handle. Raises ProviderRefused."""
    node = f"{account.base_url}/{VERSION}"
    app = _text((yield HttpRequest("GET", f"{node}/app?fields=id", bearer(account))), "id")
    query = {
        "file_name": sample.name,
        "file_length": str(len(sample.content)),
        "file_type": sample.media_type,
    }
    address = f"{node}/{quote(app, safe='')}/uploads?{urlencode(query)}"
    session = _text((yield HttpRequest("POST", address, bearer(account))), "id")
    if not session.startswith("upload:"):
        raise ProviderRefused("Meta's answer to the upload could not be read.")
    headers = {
        "Authorization": f"OAuth {account.credentials['access_token']}",
        "Content-Type": sample.media_type,
        "file_offset": "0",
    }
    # The session's id is a path with a signature; it must be sent back unchanged.
    request = HttpRequest("POST", f"{node}/{session}", headers, content=sample.content)
    return _text((yield request), "h")


def _text(response: HttpResponse | None, key: str) -> str:
    value: Any = None if response is None else answer_of(response).get(key)
    if not isinstance(value, str) or not value:
        raise ProviderRefused("Meta's answer to the upload could not be read.")
    return value
