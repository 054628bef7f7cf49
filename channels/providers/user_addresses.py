"""Which address does a WhatsApp user have, and which addresses are one user's?

A user with a username may have no number in a call, only a user id of the business's own, such as
US.13491208655302741918. Calls that carry both connect them.
"""

from collections.abc import Iterator
from datetime import datetime

from channels.platforms import Platform
from channels.port.events import SamePerson


def address_of(number: object, user_id: object = None) -> str:
    """The number in E.164 if there is one, else the user id, else ''."""
    for value in (number, user_id):
        is_written = isinstance(value, str | int) and not isinstance(value, bool)
        text = str(value) if is_written else ""
        digits = text.removeprefix("+")
        if digits.isascii() and digits.isdecimal():
            return f"+{digits}"
        if text:
            return text
    return ""


def same_person(
    number: object,
    *user_ids: object,
    account_id: str,
    at: datetime,
    platform: Platform | None = None,
) -> Iterator[SamePerson]:
    """An event if the call names two addresses: a number, a user id, the parent's user id."""
    given = (address_of(number), *(address_of(user_id) for user_id in user_ids))
    addresses = tuple(dict.fromkeys(address for address in given if address))
    if len(addresses) > 1:
        yield SamePerson(account_id=account_id, addresses=addresses, at=at, platform=platform)
