"""WhatsApp's business-scoped user ids, by which people with a user name are known."""

import re

from contacts.models import Contact
from contacts.phones import country_of, is_country

LONGEST = 135
"""Characters: a country, `.`, for a parent id `ENT.`, and up to 128 letters and digits."""

USER_ID = re.compile(r"([A-Z]{2})\.(?:ENT\.)?[A-Za-z0-9]{1,128}")


def is_user_id(address: str) -> bool:
    """Whether an address is a user id, such as `US.13491208655302741918`.

    Source: developers.facebook.com/documentation/business-messaging/whatsapp/
    business-scoped-user-ids.
    """
    return USER_ID.fullmatch(address) is not None


def is_like_user_id(text: str) -> bool:
    """Whether a text is a user id, perhaps in the wrong case."""
    return USER_ID.fullmatch(text[:7].upper() + text[7:]) is not None


def is_parent_id(user_id: str) -> bool:
    """Whether a user id is valid for several businesses; it has `ENT.` in front of its letters."""
    return ".ENT." in user_id


def country_of_contact(contact: Contact) -> str:
    """ISO 3166 code of the contact's number, else of its user id; "" if neither tells."""
    if contact.phone:
        return country_of(contact.phone)
    return country_of_user_id(contact.whatsapp_user_id or "")


def country_of_user_id(user_id: str) -> str:
    """ISO 3166 code of the country in front of a user id; "" if it is none."""
    match = USER_ID.fullmatch(user_id)
    return match[1] if match and is_country(match[1]) else ""
