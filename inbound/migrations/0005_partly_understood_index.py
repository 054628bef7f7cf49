"""The index of events that were partly understood, built without blocking webhooks."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('inbound', '0004_reply_kinds'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='providerevent',
            index=models.Index(condition=models.Q(('status', 'PARTLY')), fields=['id'], name='provider_event_partly'),
        ),
    ]
