"""A failed check says nothing about what was refused before it: the last successful one counts."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0002_proven_accounts'),
    ]

    operations = [
        migrations.AddField(
            model_name='sender',
            name='worked_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When a check last succeeded.', null=True),
        ),
        # What counted so far.
        migrations.RunSQL(
            "UPDATE channels_sender SET worked_at = checked_at WHERE broken_at IS NULL",
            migrations.RunSQL.noop,
        ),
    ]
