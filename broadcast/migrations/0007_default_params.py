"""The defaults of the template's parameters, as a broadcast was launched with them."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('broadcast', '0006_holds_and_cap_retries')]

    operations = [
        migrations.AddField(
            model_name='broadcast',
            name='default_params',
            field=models.JSONField(blank=True, default=dict, editable=False, help_text="The template's default_params, as they were at the launch or the approval."),
        ),
    ]
