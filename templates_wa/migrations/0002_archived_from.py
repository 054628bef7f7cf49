"""The status that a template had before its provider archived it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('templates_wa', '0001_tables'),
    ]

    operations = [
        migrations.AddField(
            model_name='whatsapptemplate',
            name='archived_from',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='Status before the provider archived it; empty if it is not archived.', max_length=10),
        ),
    ]
