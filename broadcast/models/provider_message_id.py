"""The ids that providers gave to our messages."""

from django.db import models

from broadcast.models.broadcast import Broadcast


class ProviderMessageId(models.Model):
    """Finds a receipt's message. The statement that writes the id to the message writes this row.

    The ids have their own table because, if the message's column were indexed, each settle would
    write every index of the message table: docs/adr/0012-provider-ids-beside-the-messages.md.
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
