"""WhatsApp templates."""

import django.db.models.deletion
import postgres.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ("templates_wa", "0001_initial"),
        ("templates_wa", "0002_template_lifecycle"),
        ("templates_wa", "0003_template_name_in_words"),
        ("templates_wa", "0004_carousels_and_codes"),
    ]

    initial = True

    dependencies = [
        ('channels', '0001_tables'),
        ('tenants', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='WhatsAppTemplate',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=512)),
                ('language', models.CharField(help_text="In Meta's notation: en, en_US, pt_BR.", max_length=15)),
                ('category', models.CharField(choices=[('MARKETING', 'Marketing'), ('UTILITY', 'Utility'), ('AUTHENTICATION', 'Authentication')], default='MARKETING', max_length=15)),
                ('parameter_format', models.CharField(choices=[('POSITIONAL', 'Positional: {{1}}'), ('NAMED', 'Named: {{first_name}}')], default='POSITIONAL', max_length=10)),
                ('header_format', models.CharField(choices=[('NONE', 'No header'), ('TEXT', 'Text'), ('IMAGE', 'Image'), ('VIDEO', 'Video'), ('DOCUMENT', 'Document')], default='NONE', max_length=10)),
                ('header_text', models.CharField(blank=True, max_length=60)),
                ('body', models.TextField(max_length=1024)),
                ('footer', models.CharField(blank=True, max_length=60)),
                ('buttons', models.JSONField(blank=True, default=list, help_text='[{"type": "URL", "text": "Shop", "url": "https://…/{{1}}"}]')),
                ('cards', models.JSONField(blank=True, default=list, help_text='Cards of a carousel: [{"header_format": "IMAGE", "body": "…", "buttons": []}]')),
                ('add_security_recommendation', models.BooleanField(default=False, help_text='Authentication templates only: adds the advice not to share the code.')),
                ('code_expiration_minutes', models.PositiveSmallIntegerField(blank=True, help_text='Authentication templates only: 1 to 90.', null=True)),
                ('examples', models.JSONField(blank=True, default=dict, help_text="A sample value for each parameter, for the review and the preview. The keys are those of a broadcast's template_params.")),
                ('status', models.CharField(choices=[('DRAFT', 'Draft'), ('PENDING', 'In review'), ('APPROVED', 'Approved'), ('REJECTED', 'Rejected'), ('PAUSED', 'Paused'), ('DISABLED', 'Disabled')], default='DRAFT', max_length=10)),
                ('rejection_reason', models.CharField(blank=True, help_text='Why it was rejected, paused or disabled.', max_length=500)),
                ('quality', models.CharField(choices=[('UNKNOWN', 'Not known yet'), ('GREEN', 'High'), ('YELLOW', 'Medium'), ('RED', 'Low')], default='UNKNOWN', max_length=10)),
                ('provider_template_id', models.CharField(blank=True, help_text='Empty until it is submitted.', max_length=64)),
                ('submitted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('approved_at', models.DateTimeField(blank=True, editable=False, help_text='Time of the first approval.', null=True)),
                ('synced_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('status_at', models.DateTimeField(blank=True, editable=False, help_text='Time of the last change of status.', null=True)),
                ('edits', models.JSONField(blank=True, default=list, editable=False, help_text='Times of edits since the approval, ISO 8601, newest last.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('app', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='templates', to='channels.tenantwaapp')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'verbose_name': 'WhatsApp template',
                'ordering': ('name', 'language'),
                'indexes': [models.Index(condition=models.Q(('provider_template_id', ''), _negated=True), fields=['provider_template_id'], name='template_of_provider')],
                'constraints': [models.UniqueConstraint(fields=('app', 'name', 'language'), name='template_once_per_app_and_language')],
            },
        ),
    ]
