"""Messages that a provider holds, and retries of recipients to whom marketing is limited."""

import django.core.validators
import django.db.models.functions.comparison
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('broadcast', '0005_longer_addresses'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='broadcastcounters',
            name='counters_not_negative',
        ),
        migrations.AddField(
            model_name='broadcast',
            name='frequency_cap_retries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text="How often, at least 24 hours apart, a recipient is tried again to whom the platform limits marketing (Meta's 131049); then the fallback ladder goes on.", validators=[django.core.validators.MaxValueValidator(7)]),
        ),
        migrations.AddField(
            model_name='broadcastcounters',
            name='on_hold',
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='next_attempt_at',
            field=models.DateTimeField(blank=True, help_text='Set only while the message waits to be sent again, and while it is ON_HOLD: the time after which it counts as failed.', null=True),
        ),
        migrations.AlterField(
            model_name='broadcastmessage',
            name='status',
            field=models.CharField(choices=[('PENDING', 'Pending'), ('SENDING', 'Sending'), ('ON_HOLD', 'Held by the provider'), ('SENT', 'Sent'), ('DELIVERED', 'Delivered'), ('READ', 'Read'), ('FAILED', 'Failed'), ('UNKNOWN', 'Unknown'), ('SUPPRESSED', 'Suppressed'), ('CANCELLED', 'Cancelled'), ('EXPIRED', 'Expired')], db_default='PENDING', default='PENDING', max_length=10),
        ),
        migrations.AddIndex(
            model_name='broadcastcounters',
            index=models.Index(condition=models.Q(('on_hold__gt', 0)), fields=['broadcast'], name='counters_with_holds'),
        ),
        migrations.AddConstraint(
            model_name='broadcastcounters',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.GreaterThanOrEqual(django.db.models.functions.comparison.Least('total', 'pending', 'sending', 'on_hold', 'sent', 'delivered', 'read', 'failed', 'unknown', 'suppressed', 'cancelled', 'expired', 'handed_over', 'clicks', 'clicked', output_field=models.IntegerField()), 0), name='counters_not_negative'),
        ),
    ]
