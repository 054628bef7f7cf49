"""lane_once_per_broadcast begins with broadcast_id: its own index only cost."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("broadcast", "0012_one_check_a_table")]

    operations = [
        migrations.AlterField(
            "lane",
            "broadcast",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lanes",
                to="broadcast.broadcast",
            ),
        ),
    ]
