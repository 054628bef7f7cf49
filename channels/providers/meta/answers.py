"""The Authorization header for Meta, and the answers of its management API."""

from typing import Any

from channels.http.asking import ProviderRefused
from channels.port.http_calls import HttpResponse
from channels.port.messages import SenderAccount
from channels.providers.error_rules import by_status, succeeded
from channels.providers.storable import storable_object


def bearer(account: SenderAccount) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.credentials['access_token']}"}


def answer_of(response: HttpResponse) -> dict[str, Any]:
    """The answer's JSON object. Raises ProviderRefused with Meta's text about the refusal."""
    body = storable_object(response.body)
    if succeeded(response):
        return body
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    text = error.get("error_user_msg") or error.get("message") or by_status(response).message
    code = str(error.get("error_subcode") or error.get("code") or f"http_{response.status}")
    raise ProviderRefused(str(text)[:500], data={"provider_code": code[:64]})
