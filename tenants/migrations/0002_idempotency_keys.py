"""An Idempotency-Key belongs to one user and path, instead of one tenant.

The table holds the records of 24 hours, so the new unique key is built fast.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('tenants', '0001_tables')]

    operations = [
        migrations.AddField(
            model_name='idempotencyrecord',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='idempotencyrecord',
            constraint=models.UniqueConstraint(fields=('tenant', 'user', 'operation', 'key'), name='idempotency_key_once_per_user_and_path'),
        ),
        migrations.RemoveConstraint(
            model_name='idempotencyrecord',
            name='idempotency_key_once_per_tenant',
        ),
    ]
