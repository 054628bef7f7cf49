"""One CHECK for all the counts of a table that batches write, in place of one a column."""

from django.db import migrations, models
from django.db.models.functions import Least
from django.db.models.lookups import GreaterThanOrEqual


def none_negative(*columns, name):
    least = Least(*columns, output_field=models.IntegerField())
    return models.CheckConstraint(condition=GreaterThanOrEqual(least, 0), name=name)


class Migration(migrations.Migration):
    dependencies = [("broadcast", "0011_authors_and_growth")]

    operations = [
        migrations.AddConstraint('broadcastcounters', none_negative('total', 'pending', 'sending', 'sent', 'delivered', 'read', 'failed', 'unknown', 'suppressed', 'cancelled', 'expired', 'handed_over', 'clicks', 'clicked', name='counters_not_negative')),
        migrations.AddConstraint('broadcastmessage', none_negative('seq', 'attempts', 'segments', name='message_not_negative')),
        migrations.AddConstraint('lane', none_negative('n', 'floor', name='lane_not_negative')),
        migrations.AlterField('broadcastcounters', 'total', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'pending', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'sending', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'sent', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'delivered', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'read', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'failed', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'unknown', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'suppressed', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'cancelled', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'expired', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'handed_over', models.IntegerField(default=0, help_text='Messages that a provider ever accepted, whatever came after.')),
        migrations.AlterField('broadcastcounters', 'clicks', models.IntegerField(default=0)),
        migrations.AlterField('broadcastcounters', 'clicked', models.IntegerField(default=0, help_text='Messages with a click.')),
        migrations.AlterField('broadcastmessage', 'seq', models.IntegerField(help_text='1…n within the broadcast.')),
        migrations.AlterField('broadcastmessage', 'attempts', models.SmallIntegerField(default=0, help_text="Hand-overs; a rate limit's refusal does not count.")),
        migrations.AlterField('broadcastmessage', 'segments', models.SmallIntegerField(default=1)),
        migrations.AlterField('lane', 'n', models.SmallIntegerField()),
        migrations.AlterField('lane', 'floor', models.IntegerField(default=0, help_text='Every message of this seq and below has been claimed once.')),
    ]
