"""Providers' ids move out of the message table's indexes: docs/adr/0043."""

import django.db.models.deletion
from django.db import migrations, models

COPY = """
INSERT INTO broadcast_providermessageid (provider_message_id, message_id, tenant_id, broadcast_id)
SELECT provider_message_id, id, tenant_id, broadcast_id FROM broadcast_broadcastmessage
WHERE provider_message_id <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("broadcast", "0009_money_estimates"), ("tenants", "0002_engine_shape")]

    operations = [
        migrations.CreateModel(
            name="ProviderMessageId",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "provider_message_id",
                        "message_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("provider_message_id", models.CharField(max_length=200)),
                ("message_id", models.UUIDField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "broadcast",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="broadcast.broadcast",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RemoveIndex("broadcastmessage", "message_by_provider_id"),
    ]
