"""Takes recipients' replies: stores them, finds the message they answer, applies opt-outs."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Greatest

from broadcast.models import BroadcastMessage, ProviderMessageId
from channels.models import ProviderApp, Sender
from channels.platforms import Platform
from channels.port.events import CHOSEN, TYPED, Reply, ReplyKind
from channels.providers.registry import adapter_for
from contacts.chat_links import link_chat
from contacts.known_addresses import contact_of
from contacts.models import Contact
from contacts.opting.words import Wish, is_about_marketing, is_near_miss, wish_of
from inbound.applying.acknowledging import acknowledge_soon
from inbound.applying.chosen_options import wish_of_option
from inbound.applying.opting import OptWish, apply_wish
from inbound.models import MessageAlias, ReceivedMessage
from tenants.models import Tenant

ANSWERS_WITHIN = timedelta(days=7)
"""A reply without a quote answers the last message sent to the contact within this time."""
CLOCK_SKEW = timedelta(minutes=1)
"""How far our clock may be ahead of the provider's: messages sent before a reply still match it."""
MAX_ID = 200
"""Characters of a provider's message id that the column stores."""


def take_reply(
    *, app: ProviderApp, event_id: UUID, reply: Reply, platform: Platform, now: datetime
) -> None:
    """Store a reply and apply its opt-out or opt-in; a reply that is stored already is skipped.

    A stored reply of an unknown kind is read again: a replay may understand it now. A message in a
    group is kept, but it is no private message: it opts nobody out and opens no window.
    """
    stored_id = reply.provider_message_id[:MAX_ID]
    stored = ReceivedMessage.objects.filter(app=app, provider_message_id=stored_id).first()
    if stored is not None:
        if stored.kind == ReplyKind.UNKNOWN != reply.kind:
            _read_again(stored, reply, event_id=event_id)
        return
    contact = _contact(app, reply, platform=platform, now=now)
    message, is_new = _store(app, reply, contact=contact, platform=platform, now=now)
    if not is_new:
        return
    acknowledge_soon(sender=message.sender, reply=reply, now=now)
    if contact is not None and not reply.group_id:
        _seen(contact, at=message.at, platform=platform)
    if message.wish:
        _apply_wish(message, reply, event_id=event_id)


def _store(
    app: ProviderApp, reply: Reply, *, contact: Contact | None, platform: Platform, now: datetime
) -> tuple[ReceivedMessage, bool]:
    """The stored reply, and whether it is new."""
    tenant = app.tenant
    answered = _answered(app, reply, contact=contact, platform=platform)
    return ReceivedMessage.objects.get_or_create(
        app=app,
        provider_message_id=reply.provider_message_id[:MAX_ID],
        defaults={
            "tenant": tenant,
            "sender": sender_of(app, reply.account_id),
            "platform": platform,
            "address": reply.address,
            "group_id": reply.group_id,
            "contact": contact,
            "kind": reply.kind,
            "text": reply.text,
            "broadcast_id": answered.broadcast_id if answered else None,
            "message_id": answered.pk if answered else None,
            "wish": _wish(tenant, reply) or "",
            "may_want_out": _may_want_out(tenant, reply),
            "at": reply.at,
            "received_at": now,
        },
    )


def _read_again(message: ReceivedMessage, reply: Reply, *, event_id: UUID) -> None:
    message.kind, message.text = reply.kind, reply.text
    message.wish = _wish(message.tenant, reply) or ""
    message.may_want_out = _may_want_out(message.tenant, reply)
    message.save(update_fields=("kind", "text", "wish", "may_want_out"))
    if message.wish:
        _apply_wish(message, reply, event_id=event_id)


def _wish(tenant: Tenant, reply: Reply) -> Wish | None:
    """The wish in what the recipient typed, or in the option that the recipient chose."""
    if reply.group_id:
        return None
    if reply.kind in CHOSEN:
        return wish_of_option(reply, also_out=tenant.opt_out_words, also_in=tenant.opt_in_words)
    if reply.kind in TYPED:
        return wish_of(reply.text, also_out=tenant.opt_out_words, also_in=tenant.opt_in_words)
    return None


def _may_want_out(tenant: Tenant, reply: Reply) -> bool:
    """Whether a person should read what was typed: it may ask for an end without saying STOP."""
    return (
        not reply.group_id
        and reply.kind in TYPED
        and is_near_miss(reply.text, also_out=tenant.opt_out_words, also_in=tenant.opt_in_words)
    )


def _apply_wish(message: ReceivedMessage, reply: Reply, *, event_id: UUID) -> None:
    wish = OptWish(
        platform=Platform(message.platform),
        address=reply.address,
        opted_out=message.wish == Wish.OPT_OUT,
        marketing_only=is_about_marketing(reply.text),
        at=reply.at,
        reason=f"reply: {reply.text}"[:200],
        event_id=event_id,
    )
    apply_wish(tenant_id=message.tenant_id, wish=wish)


def sender_of(app: ProviderApp, account_id: str) -> Sender | None:
    """The app's sender with this id; without an id, the app's sender if it has only one."""
    if account_id:
        senders_of_account = app.senders.filter(account_id=account_id)
        return senders_of_account.order_by(
            "-is_active", F("proven_at").desc(nulls_last=True)
        ).first()
    senders = list(app.senders.filter(is_active=True)[:2])
    return senders[0] if len(senders) == 1 else None


def platform_of(app: ProviderApp, account_id: str) -> Platform:
    """The platform of the sender that received the event, else the provider's only platform."""
    sender = sender_of(app, account_id)
    if sender is not None:
        return Platform(sender.platform)
    platforms = adapter_for(app.provider).platforms
    if len(platforms) > 1:
        raise ValueError("The event names no sender of this app.")
    return next(iter(platforms))


def _contact(
    app: ProviderApp, reply: Reply, *, platform: Platform, now: datetime
) -> Contact | None:
    if platform != Platform.TELEGRAM:
        return contact_of(tenant_id=app.tenant_id, address=reply.address)
    chat_id = int(reply.address)
    if reply.payload and reply.kind is ReplyKind.TEXT and not reply.group_id:
        linked = link_chat(tenant_id=app.tenant_id, payload=reply.payload, chat_id=chat_id, now=now)
        if linked is not None:
            return linked
    return Contact.objects.filter(tenant_id=app.tenant_id, telegram_chat_id=chat_id).first()


def _answered(
    app: ProviderApp, reply: Reply, *, contact: Contact | None, platform: Platform
) -> BroadcastMessage | None:
    """The message that the reply quotes; if that is unknown, the last one sent to the contact."""
    messages = BroadcastMessage.objects.filter(tenant_id=app.tenant_id)
    if reply.in_reply_to and (quoted := _quoted(app, messages, reply.in_reply_to)):
        return quoted
    if contact is None or reply.group_id:
        return None
    return (
        messages.filter(
            contact_id=contact.pk,
            broadcast__platform=platform,
            sent_at__lte=reply.at + CLOCK_SKEW,
            sent_at__gt=reply.at - ANSWERS_WITHIN,
        )
        .order_by("-sent_at")
        .first()
    )


def _quoted(
    app: ProviderApp, messages: QuerySet[BroadcastMessage], provider_id: str
) -> BroadcastMessage | None:
    """The message with this id at its provider, or with this second id."""
    aliases = MessageAlias.objects.filter(app=app, alias=provider_id)
    ids = [provider_id, *aliases.values_list("provider_message_id", flat=True)]
    quoted = ProviderMessageId.objects.filter(tenant_id=app.tenant_id, provider_message_id__in=ids)
    return messages.filter(pk__in=quoted.values("message_id")).first()


def _seen(contact: Contact, *, at: datetime, platform: Platform) -> None:
    """Note the time of the contact's last reply. Never moves it back: replies come out of order."""
    latest = {"last_reply_at": Greatest(Coalesce(F("last_reply_at"), at), at)}
    if platform == Platform.WHATSAPP:
        latest["whatsapp_reply_at"] = Greatest(Coalesce(F("whatsapp_reply_at"), at), at)
    Contact.objects.filter(pk=contact.pk).update(**latest)
