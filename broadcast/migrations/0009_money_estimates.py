import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tenants.ids


class Migration(migrations.Migration):
    dependencies = [("broadcast", "0008_merge"), ("wallet", "0004_sms_segments")]

    operations = [
        # A number cannot become a UUID: made anew.
        migrations.DeleteModel(name="ChargeLine"),
        migrations.CreateModel(
            name="ChargeLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("movement_id", models.UUIDField(db_index=True)),
                (
                    "charge_state",
                    models.CharField(
                        choices=[
                            ("", "None"),
                            ("HELD", "Held"),
                            ("CAPTURED", "Captured"),
                            ("RELEASED", "Released"),
                            ("REFUNDED", "Refunded"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=6, help_text="Sum of the messages' prices.", max_digits=20
                    ),
                ),
                (
                    "message_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None
                    ),
                ),
                (
                    "broadcast",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="charge_lines",
                        to="broadcast.broadcast",
                    ),
                ),
            ],
            options={"ordering": ("-id",)},
        ),
        migrations.AddField(
            model_name="broadcast",
            name="estimate_hash",
            field=models.CharField(
                blank=True,
                help_text="That its launch quoted: its plan must be the same.",
                max_length=1000,
            ),
        ),
    ]
