"""Chooses the sender of a platform: the named one, else the default, else the only one."""

from uuid import UUID

from api.errors import InvalidInput
from channels.models import Sender
from tenants.models import Tenant

MAX_CHOICES = 20
"""How many senders a refusal lists."""


class NoSender(InvalidInput):
    """The tenant has no active sender that could send this."""

    code = "no_sender"


class UnknownSender(NoSender):
    """The named sender is not active, is on another platform or belongs to another tenant."""


class AmbiguousChoice(InvalidInput):
    """Several candidates are equally good; `data` lists them as `choices`."""

    code = "ambiguous"


def choose_sender(*, tenant: Tenant, platform: str, sender_id: UUID | None) -> Sender:
    """The active sender with this id or, without an id, the platform's default or only sender.

    Raises UnknownSender, NoSender and AmbiguousChoice, each with attr `sender`.
    """
    usable = Sender.objects.for_tenant(tenant).usable().filter(platform=platform)
    if sender_id is not None:
        sender = usable.filter(pk=sender_id).first()
        if sender is None:
            raise UnknownSender(
                f"This sender is not active or does not send over {platform}.", attr="sender"
            )
        return sender
    senders = list(usable.order_by("-is_default", "name")[:MAX_CHOICES])
    if not senders:
        raise NoSender(f"There is no sender for {platform}. Set one up first.", attr="sender")
    if len(senders) > 1 and not senders[0].is_default:
        raise AmbiguousChoice(
            "Several senders would do: name one in `sender`.",
            attr="sender",
            data={"choices": [{"id": str(sender.id), "name": sender.name} for sender in senders]},
        )
    return senders[0]
