"""Contacts, tags, suppressions and imports."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import postgres.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ("contacts", "0001_initial"),
        ("contacts", "0002_inbound_replies"),
        ("contacts", "0003_pacing_time_zones"),
        ("contacts", "0004_opt_in"),
    ]

    initial = True

    dependencies = [
        ('tenants', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('external_id', models.CharField(blank=True, max_length=200, null=True)),
                ('phone', models.CharField(blank=True, max_length=16, null=True)),
                ('country', models.CharField(blank=True, editable=False, max_length=2)),
                ('first_name', models.CharField(blank=True, max_length=200)),
                ('last_name', models.CharField(blank=True, max_length=200)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('telegram_chat_id', models.BigIntegerField(blank=True, null=True)),
                ('attributes', models.JSONField(blank=True, default=dict)),
                ('time_zone', models.CharField(blank=True, help_text='IANA name.', max_length=64)),
                ('last_reply_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('whatsapp_reply_at', models.DateTimeField(blank=True, editable=False, help_text='Last reply over WhatsApp. Free text is allowed for 24 hours after it.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
            },
        ),
        migrations.CreateModel(
            name='ContactImport',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('PENDING', 'Waiting'), ('RUNNING', 'Running'), ('DONE', 'Done'), ('FAILED', 'Failed')], default='PENDING', max_length=10)),
                ('file_name', models.CharField(max_length=255)),
                ('content', models.BinaryField(null=True)),
                ('default_country', models.CharField(blank=True, max_length=2)),
                ('mapping', models.JSONField(blank=True, default=dict, help_text='CSV column → contact field.')),
                ('tags', models.JSONField(blank=True, default=list)),
                ('dry_run', models.BooleanField(default=False)),
                ('line', models.PositiveIntegerField(default=0, help_text='Number of imported lines; a restart continues after them.')),
                ('rows', models.PositiveIntegerField(default=0)),
                ('created', models.PositiveIntegerField(default=0)),
                ('updated', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('failure', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
            },
        ),
        migrations.CreateModel(
            name='ContactImportError',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('line', models.PositiveIntegerField()),
                ('field', models.CharField(blank=True, max_length=200)),
                ('reason', models.CharField(max_length=500)),
                ('row', models.JSONField(default=dict)),
                ('contact_import', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='errors', to='contacts.contactimport')),
            ],
            options={
                'ordering': ('line', 'id'),
            },
        ),
        migrations.CreateModel(
            name='OptIn',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'address', 'platform', blank=True, editable=False, primary_key=True, serialize=False)),
                ('address', models.CharField(max_length=64)),
                ('platform', models.CharField(choices=[('WHATSAPP', 'WhatsApp'), ('TELEGRAM', 'Telegram'), ('SMS', 'SMS'), ('RCS', 'RCS')], max_length=10)),
                ('at', models.DateTimeField(db_index=True)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='ContactTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contacts.contact')),
                ('tag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contacts.tag')),
            ],
        ),
        migrations.AddField(
            model_name='contact',
            name='tags',
            field=models.ManyToManyField(blank=True, related_name='contacts', through='contacts.ContactTag', to='contacts.tag'),
        ),
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('platform', models.CharField(blank=True, choices=[('WHATSAPP', 'WhatsApp'), ('TELEGRAM', 'Telegram'), ('SMS', 'SMS'), ('RCS', 'RCS')], max_length=10)),
                ('address', models.CharField(max_length=64)),
                ('scope', models.CharField(choices=[('ALL', 'All messages'), ('MARKETING', 'Marketing only')], default='ALL', max_length=10)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('source', models.CharField(choices=[('USER', 'Entered by a user'), ('IMPORT', 'Imported'), ('PROVIDER', 'Reported by a provider'), ('RECIPIENT', 'Requested by the recipient')], max_length=10)),
                ('event_id', models.UUIDField(blank=True, help_text='Id of the stored provider event that asked for it.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'constraints': [models.UniqueConstraint(fields=('tenant', 'address', 'platform', 'scope'), name='suppression_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='tag',
            constraint=models.UniqueConstraint(models.F('tenant'), django.db.models.functions.text.Lower('name'), name='tag_name_once_per_tenant'),
        ),
        migrations.AddConstraint(
            model_name='contacttag',
            constraint=models.UniqueConstraint(fields=('tag', 'contact'), name='contact_tag_once'),
        ),
        migrations.AddIndex(
            model_name='contact',
            index=models.Index(fields=['tenant', 'telegram_chat_id'], name='contact_telegram'),
        ),
        migrations.AddIndex(
            model_name='contact',
            index=models.Index(fields=['tenant', 'created_at', 'id'], name='contact_newest'),
        ),
        migrations.AddIndex(
            model_name='contact',
            index=models.Index(condition=models.Q(('time_zone', ''), _negated=True), fields=['tenant', 'time_zone'], name='contact_time_zones'),
        ),
        migrations.AddIndex(
            model_name='contact',
            index=django.contrib.postgres.indexes.GinIndex(fields=['attributes'], name='contact_attributes', opclasses=('jsonb_path_ops',)),
        ),
        migrations.AddConstraint(
            model_name='contact',
            constraint=models.UniqueConstraint(fields=('tenant', 'external_id'), name='contact_external_id_once_per_tenant'),
        ),
        migrations.AddConstraint(
            model_name='contact',
            constraint=models.UniqueConstraint(fields=('tenant', 'phone'), name='contact_phone_once_per_tenant'),
        ),
        migrations.AddConstraint(
            model_name='contact',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('external_id', ''), _negated=True), models.Q(('phone', ''), _negated=True)), name='contact_keys_null_not_empty'),
        ),
    ]
