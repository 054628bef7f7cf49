"""Telegram deep links that connect a chat to a contact: `t.me/<bot>?start=<payload>`.

A bot cannot write first and gets no phone number, so a contact must open this link once. The
payload holds the contact's id and our signature. Telegram allows up to 64 characters of A-Z a-z 0-9
_ and - (core.telegram.org/bots/features#deep-linking).
"""

import base64
import binascii
import hmac
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from contacts.models import Contact

SIGNATURE_BYTES = 16
_ID_BYTES = 16


def payload_for(contact: Contact) -> str:
    """43 characters: the contact's id and our signature over it."""
    return _text(contact.pk.bytes + _signature(contact.pk, contact.tenant_id))


def link_for(contact: Contact, *, bot: str) -> str:
    """The link for the contact; `bot` is the bot's user name, with or without the @."""
    return f"https://t.me/{bot.removeprefix('@')}?start={payload_for(contact)}"


def link_chat(*, tenant_id: UUID, payload: str, chat_id: int, now: datetime) -> Contact | None:
    """Connect a chat to the contact of a payload; None if the payload is not signed by us.

    A chat belongs to one contact of a tenant, so it is removed from any other contact.
    """
    contact_id = _read(payload, tenant_id)
    if contact_id is None:
        return None
    contact = Contact.objects.select_for_update().filter(pk=contact_id, tenant_id=tenant_id).first()
    if contact is None:
        return None
    others = Contact.objects.filter(tenant_id=tenant_id, telegram_chat_id=chat_id)
    others.exclude(pk=contact.pk).update(telegram_chat_id=None, updated_at=now)
    contact.telegram_chat_id = chat_id
    contact.save(update_fields=("telegram_chat_id", "updated_at"))
    return contact


def _read(payload: str, tenant_id: UUID) -> UUID | None:
    try:
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except (ValueError, binascii.Error):
        return None
    if len(raw) != _ID_BYTES + SIGNATURE_BYTES:
        return None
    contact_id = UUID(bytes=raw[:_ID_BYTES])
    is_ours = hmac.compare_digest(raw[_ID_BYTES:], _signature(contact_id, tenant_id))
    return contact_id if is_ours else None


def _signature(contact_id: UUID, tenant_id: UUID) -> bytes:
    value = contact_id.bytes + tenant_id.bytes
    signed = salted_hmac(
        "contacts.chat_links", value, secret=settings.SECRET_KEY, algorithm="sha256"
    )
    return signed.digest()[:SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
