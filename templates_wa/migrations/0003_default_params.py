"""Default values of a template's parameters."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('templates_wa', '0002_archived_from')]

    operations = [
        migrations.AddField(
            model_name='whatsapptemplate',
            name='default_params',
            field=models.JSONField(blank=True, default=dict, help_text='Values of parameters for broadcasts that do not give them; kept here, not at the provider.'),
        ),
    ]
