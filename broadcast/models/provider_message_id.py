"""What providers call our messages."""

from django.db import models

from broadcast.models.broadcast import Broadcast


class ProviderMessageId(models.Model):
    """How a receipt finds its message. Written by the statement that writes it to the message.

    A table of its own because an indexed column of the message's would make each settle write every
    index of the message table anew: docs/adr/0043-provider-ids-beside-the-messages.md.
    """

    pk = models.CompositePrimaryKey("provider_message_id", "message_id")
    provider_message_id = models.CharField(max_length=200)
    message_id = models.UUIDField()
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    broadcast = models.ForeignKey(
        Broadcast,
        on_delete=models.DO_NOTHING,  # only drafts are deleted; they were never handed over
        db_constraint=False,
        db_index=False,
        related_name="+",
    )

    def __str__(self) -> str:
        return self.provider_message_id
