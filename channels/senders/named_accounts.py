"""Whether a sender's credentials are those of its account, where they name one: a bot's token."""

from collections.abc import Mapping

from api.errors import InvalidInput
from channels.port.adapter import NamedAccountAdapter
from channels.providers.registry import adapter_for


def check_account(*, provider: str, account_id: str, credentials: Mapping[str, str]) -> None:
    """Raises InvalidInput (attr `credentials` or `account_id`), which repeats no secret."""
    adapter = adapter_for(provider)
    if not isinstance(adapter, NamedAccountAdapter):
        return
    named = adapter.account_of(credentials)
    if not named:
        raise InvalidInput("The credentials name no account.", attr="credentials")
    if named != account_id:
        said = f"The credentials are for {named}; account_id has to be the same."
        raise InvalidInput(said, attr="account_id")
