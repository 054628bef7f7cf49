"""Checks that a sender's credentials belong to its account, if they name one (a bot's token)."""

from collections.abc import Mapping

from api.errors import InvalidInput
from channels.port.adapter import NamedAccountAdapter
from channels.providers.registry import adapter_for


def check_account(*, provider: str, account_id: str, credentials: Mapping[str, str]) -> None:
    """Raises InvalidInput (attr `credentials` or `account_id`), whose text holds no secret."""
    adapter = adapter_for(provider)
    if not isinstance(adapter, NamedAccountAdapter):
        return
    named = adapter.account_of(credentials)
    if not named:
        raise InvalidInput("The credentials name no account.", attr="credentials")
    if named != account_id:
        text = f"The credentials are for {named}; account_id has to be the same."
        raise InvalidInput(text, attr="account_id")
