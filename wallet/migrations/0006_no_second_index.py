"""Other indexes of both tables begin with wallet_id: its own only cost, twice a batch."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallet", "0005_top_ups")]

    operations = [
        migrations.AlterField(
            "hold",
            "wallet",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="wallet.wallet",
            ),
        ),
        migrations.AlterField(
            "ledgerentry",
            "wallet",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="wallet.wallet",
            ),
        ),
    ]
