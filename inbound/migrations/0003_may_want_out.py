"""The indexes are built concurrently, so replies are stored meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('inbound', '0002_longer_addresses'),
    ]

    operations = [
        migrations.AddField(
            model_name='receivedmessage',
            name='may_want_out',
            field=models.BooleanField(db_default=False, default=False, help_text='The text may ask for an end, but is no opt-out by itself: a person should read.'),
        ),
        AddIndexConcurrently(
            model_name='receivedmessage',
            index=models.Index(fields=['tenant', 'id'], name='received_by_tenant'),
        ),
        AddIndexConcurrently(
            model_name='receivedmessage',
            index=models.Index(condition=models.Q(('may_want_out', True)), fields=['tenant', 'id'], name='received_may_want_out'),
        ),
    ]
