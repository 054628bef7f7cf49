"""Kinds of replies, messages in groups, and the parts of calls that were not understood."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0001_tables'),
        ('inbound', '0003_may_want_out'),
    ]

    operations = [
        migrations.AddField(
            model_name='providerevent',
            name='not_understood',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, db_default=[], default=list, help_text='Parts with values that we do not know, such as “status: held”.', size=None),
        ),
        migrations.AddField(
            model_name='receivedmessage',
            name='group_id',
            field=models.CharField(blank=True, db_default='', default='', help_text='Group in which it was written; empty for a private message.', max_length=128),
        ),
        migrations.AddField(
            model_name='receivedmessage',
            name='kind',
            field=models.CharField(choices=[('text', 'text'), ('button', 'button'), ('list', 'list'), ('form', 'form'), ('image', 'image'), ('video', 'video'), ('audio', 'audio'), ('voice', 'voice'), ('document', 'document'), ('sticker', 'sticker'), ('location', 'location'), ('contacts', 'contacts'), ('reaction', 'reaction'), ('order', 'order'), ('call', 'call'), ('revoked', 'revoked'), ('unknown', 'unknown')], db_default='text', default='text', max_length=12),
        ),
        migrations.AlterField(
            model_name='providerevent',
            name='status',
            field=models.CharField(choices=[('STORED', 'Stored'), ('APPLIED', 'Applied'), ('PARTLY', 'Partly understood'), ('FAILED', 'Set aside')], default='STORED', max_length=10),
        ),
        migrations.AlterField(
            model_name='receivedmessage',
            name='text',
            field=models.TextField(blank=True, help_text="A message, a caption, the title of an option, a form's answers."),
        ),
    ]
