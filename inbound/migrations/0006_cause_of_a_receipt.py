"""A parked receipt keeps what its failure is about."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbound', '0005_partly_understood_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='parkedreceipt',
            name='cause',
            field=models.CharField(blank=True, choices=[('recipient', 'recipient'), ('route', 'route'), ('content', 'content'), ('config', 'config'), ('capped', 'capped'), ('opt_out', 'opt_out')], db_default='', default='', help_text='What a failure is about.', max_length=10),
        ),
        migrations.AddField(
            model_name='parkedreceipt',
            name='holds_sender_for',
            field=models.FloatField(db_default=0, default=0, help_text='Seconds for which the failure holds the sender.'),
        ),
    ]
