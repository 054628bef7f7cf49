"""Defaults in the database for the columns of a message that planning leaves alone."""

from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('broadcast', '0003_triggers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='broadcastmessage',
            name='attempts',
            field=models.SmallIntegerField(db_default=0, default=0, help_text='Hand-overs to a provider; a refusal by a rate limit does not count.'),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='charge_state',
            field=models.CharField(blank=True, choices=[('', 'None'), ('HELD', 'Held'), ('CAPTURED', 'Captured'), ('RELEASED', 'Released'), ('REFUNDED', 'Refunded')], db_default='', default='', max_length=10),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='clicked',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='country',
            field=models.CharField(blank=True, db_default='', default='', max_length=2),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='currency',
            field=models.CharField(blank=True, db_default='', default='', max_length=3),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='error_code',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='error_message',
            field=models.CharField(blank=True, db_default='', default='', max_length=500),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='price',
            field=models.DecimalField(db_default=Decimal('0'), decimal_places=6, default=Decimal('0'), max_digits=12),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='provider_error_code',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='provider_message_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=200),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='segments',
            field=models.SmallIntegerField(db_default=1, default=1),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='status',
            field=models.CharField(choices=[('PENDING', 'Pending'), ('SENDING', 'Sending'), ('SENT', 'Sent'), ('DELIVERED', 'Delivered'), ('READ', 'Read'), ('FAILED', 'Failed'), ('UNKNOWN', 'Unknown'), ('SUPPRESSED', 'Suppressed'), ('CANCELLED', 'Cancelled'), ('EXPIRED', 'Expired')], db_default='PENDING', default='PENDING', max_length=10),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='variables',
            field=models.JSONField(blank=True, db_default={}, default=dict, help_text="The recipient's values, resolved when the broadcast was planned."),
        ),
    ]
