"""Broadcasts, messages, counters, lanes and batches."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.lookups
import postgres.ids
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ("broadcast", "0001_initial"),
        ("broadcast", "0002_initial"),
        ("broadcast", "0003_initial"),
        ("broadcast", "0005_engine_shape"),
        ("broadcast", "0006_api_template_broadcasts"),
        ("broadcast", "0006_control"),
        ("broadcast", "0007_money_charge_lines"),
        ("broadcast", "0008_merge"),
        ("broadcast", "0009_money_estimates"),
        ("broadcast", "0010_provider_message_id"),
        ("broadcast", "0011_authors_and_growth"),
        ("broadcast", "0012_one_check_a_table"),
    ]

    initial = True

    dependencies = [
        ('channels', '0001_tables'),
        ('contacts', '0001_tables'),
        ('templates_wa', '0001_tables'),
        ('tenants', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Broadcast',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('reference', models.CharField(blank=True, help_text="The tenant's own id; unique per tenant.", max_length=200, null=True)),
                ('kind', models.CharField(choices=[('ORIGINAL', 'Original'), ('RETRY', 'Retry of failed messages'), ('FALLBACK', 'Fallback to another platform')], default='ORIGINAL', max_length=10)),
                ('platform', models.CharField(choices=[('WHATSAPP', 'WhatsApp'), ('TELEGRAM', 'Telegram'), ('SMS', 'SMS'), ('RCS', 'RCS')], max_length=10)),
                ('category', models.CharField(choices=[('MARKETING', 'Marketing'), ('UTILITY', 'Utility'), ('AUTHENTICATION', 'Authentication')], default='MARKETING', max_length=15)),
                ('template_name', models.CharField(blank=True, max_length=512)),
                ('template_language', models.CharField(blank=True, max_length=15)),
                ('template_params', models.JSONField(blank=True, default=dict)),
                ('text', models.TextField(blank=True)),
                ('media', models.JSONField(blank=True, help_text='{"kind": "image" | "video" | "document", "url": "https://…", "filename": "…"}; the text is its caption.', null=True)),
                ('buttons', models.JSONField(blank=True, default=list, help_text='[{"kind": "url" | "reply" | "call", "text": "…", "value": "…"}]')),
                ('provider_template_id', models.CharField(blank=True, help_text="For countries where texts must be registered: India's DLT.", max_length=64)),
                ('fallback', models.JSONField(blank=True, default=list, help_text='Rungs in order: [{"platform": "SMS", "sender": null, "text": "…"}]')),
                ('fallback_step', models.PositiveSmallIntegerField(default=0, help_text='Position in the fallback list, from 1; 0 if it is no fallback.')),
                ('track_urls', models.BooleanField(default=True)),
                ('unknown_policy', models.CharField(choices=[('HOLD', 'Wait for a receipt or a decision'), ('RESEND', 'Send again, perhaps twice'), ('FAIL', 'Count as failed')], default='HOLD', max_length=10)),
                ('audience', models.JSONField(blank=True, help_text='{"all": true} or {"tags": {"any": [], "all": [], "none": []}}', null=True)),
                ('duplicates_removed', models.PositiveIntegerField(default=0, help_text='Recipients that were given more than once.')),
                ('status', models.CharField(choices=[('DRAFT', 'Draft'), ('SCHEDULED', 'Scheduled'), ('QUEUED', 'Queued'), ('SENDING', 'Sending'), ('SENT', 'Sent'), ('PARTIALLY_SENT', 'Partially sent'), ('FAILED', 'Failed'), ('CANCELLED', 'Cancelled')], default='DRAFT', max_length=15)),
                ('status_reason', models.CharField(blank=True, max_length=200)),
                ('hold_revision', models.PositiveIntegerField(default=0, help_text='Number of the current hold; 0 before the first.')),
                ('estimate_hash', models.CharField(blank=True, help_text='Estimate that the launch was based on; the plan must match it.', max_length=1000)),
                ('send_window', models.JSONField(blank=True, help_text="Same format as the tenant's window; narrows the sender's and the tenant's.", null=True)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('approved_recipients', models.PositiveIntegerField(blank=True, help_text='Recipients when it was approved; more recipients need a new approval.', null=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='Messages that are not handed over by then become EXPIRED.', null=True)),
                ('scheduled_at', models.DateTimeField(blank=True, null=True)),
                ('planning_at', models.DateTimeField(blank=True, null=True)),
                ('planned_at', models.DateTimeField(blank=True, null=True)),
                ('queued_at', models.DateTimeField(blank=True, null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('resumed_at', models.DateTimeField(blank=True, help_text='Only messages sent since then count towards an automatic pause.', null=True)),
                ('pause_reason', models.CharField(blank=True, max_length=200)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('authors', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='All users who ever changed its content or audience; none may approve it.', size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('edited_by', models.ForeignKey(blank=True, help_text='Last user to change its content or audience; may not approve it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='broadcast.broadcast')),
                ('sender', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='channels.sender')),
                ('template', models.ForeignKey(blank=True, help_text='Found by name and language when the broadcast is scheduled or sent.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='broadcasts', to='templates_wa.whatsapptemplate')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='BroadcastMessage',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('seq', models.IntegerField(help_text='1…n within the broadcast.')),
                ('address', models.CharField(blank=True, help_text='E.164 or a Telegram chat id.', max_length=64, null=True)),
                ('overrides', models.JSONField(blank=True, help_text='Variables given with the recipient.', null=True)),
                ('variables', models.JSONField(blank=True, default=dict, help_text='As resolved when it was planned.')),
                ('token', models.BigIntegerField(help_text='60 random bits that identify the message in its short links.')),
                ('parent_message_id', models.UUIDField(blank=True, help_text="In a child broadcast: the parent's message that this one follows.", null=True)),
                ('status', models.CharField(choices=[('PENDING', 'Pending'), ('SENDING', 'Sending'), ('SENT', 'Sent'), ('DELIVERED', 'Delivered'), ('READ', 'Read'), ('FAILED', 'Failed'), ('UNKNOWN', 'Unknown'), ('SUPPRESSED', 'Suppressed'), ('CANCELLED', 'Cancelled'), ('EXPIRED', 'Expired')], default='PENDING', max_length=10)),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('provider_error_code', models.CharField(blank=True, max_length=64)),
                ('error_message', models.CharField(blank=True, max_length=500)),
                ('provider_message_id', models.CharField(blank=True, max_length=200)),
                ('batch_id', models.UUIDField(blank=True, help_text='Last batch that claimed it.', null=True)),
                ('attempts', models.SmallIntegerField(default=0, help_text="Hand-overs; a rate limit's refusal does not count.")),
                ('next_attempt_at', models.DateTimeField(blank=True, help_text='Set only while the message waits to be sent again.', null=True)),
                ('price', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=12)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('segments', models.SmallIntegerField(default=1)),
                ('rate_id', models.UUIDField(blank=True, help_text="The wallet's rate row that gave the price, if one did.", null=True)),
                ('charge_state', models.CharField(blank=True, choices=[('', 'None'), ('HELD', 'Held'), ('CAPTURED', 'Captured'), ('RELEASED', 'Released'), ('REFUNDED', 'Refunded')], default='', max_length=10)),
                ('clicked', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('status_at', models.DateTimeField(help_text='When the message got its status.')),
                ('sent_at', models.DateTimeField(blank=True, help_text='When the provider accepted the message.', null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('failed_at', models.DateTimeField(blank=True, null=True)),
                ('broadcast', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='broadcast.broadcast')),
                ('contact', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='contacts.contact')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='ChargeLine',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('movement_id', models.UUIDField(db_index=True)),
                ('charge_state', models.CharField(choices=[('', 'None'), ('HELD', 'Held'), ('CAPTURED', 'Captured'), ('RELEASED', 'Released'), ('REFUNDED', 'Refunded')], max_length=10)),
                ('amount', models.DecimalField(decimal_places=6, help_text="Sum of the messages' prices.", max_digits=20)),
                ('message_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ('broadcast', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='charge_lines', to='broadcast.broadcast')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='Lane',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('n', models.SmallIntegerField()),
                ('next_batch_at', models.DateTimeField(null=True)),
                ('floor', models.IntegerField(default=0, help_text='Every message up to this seq has been claimed once.')),
                ('served_at', models.DateTimeField(null=True)),
                ('broadcast', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lanes', to='broadcast.broadcast')),
            ],
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('message_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ('claimed_at', models.DateTimeField()),
                ('lease_expires_at', models.DateTimeField()),
                ('handed_at', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
                ('swept_at', models.DateTimeField(null=True)),
                ('broadcast', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='batches', to='broadcast.broadcast')),
                ('lane', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='broadcast.lane')),
            ],
            options={
                'verbose_name_plural': 'batches',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='ProviderMessageId',
            fields=[
                ('pk', models.CompositePrimaryKey('provider_message_id', 'message_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('provider_message_id', models.CharField(max_length=200)),
                ('message_id', models.UUIDField()),
                ('broadcast', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='broadcast.broadcast')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='BroadcastCounters',
            fields=[
                ('broadcast', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='counters', serialize=False, to='broadcast.broadcast')),
                ('total', models.IntegerField(default=0)),
                ('pending', models.IntegerField(default=0)),
                ('sending', models.IntegerField(default=0)),
                ('sent', models.IntegerField(default=0)),
                ('delivered', models.IntegerField(default=0)),
                ('read', models.IntegerField(default=0)),
                ('failed', models.IntegerField(default=0)),
                ('unknown', models.IntegerField(default=0)),
                ('suppressed', models.IntegerField(default=0)),
                ('cancelled', models.IntegerField(default=0)),
                ('expired', models.IntegerField(default=0)),
                ('handed_over', models.IntegerField(default=0, help_text='Messages that a provider ever accepted, whatever their status is now.')),
                ('cost', models.DecimalField(decimal_places=6, default=Decimal('0'), help_text='Sum of the prices of CAPTURED messages.', max_digits=20)),
                ('clicks', models.IntegerField(default=0)),
                ('clicked', models.IntegerField(default=0, help_text='Messages with a click.')),
            ],
            options={
                'verbose_name_plural': 'broadcast counters',
                'constraints': [models.CheckConstraint(condition=django.db.models.lookups.GreaterThanOrEqual(django.db.models.functions.comparison.Least('total', 'pending', 'sending', 'sent', 'delivered', 'read', 'failed', 'unknown', 'suppressed', 'cancelled', 'expired', 'handed_over', 'clicks', 'clicked', output_field=models.IntegerField()), 0), name='counters_not_negative')],
            },
        ),
        migrations.AddIndex(
            model_name='broadcast',
            index=models.Index(fields=['tenant', 'id'], name='broadcast_newest'),
        ),
        migrations.AddIndex(
            model_name='broadcast',
            index=models.Index(condition=models.Q(('status', 'SCHEDULED')), fields=['scheduled_at'], name='broadcast_due'),
        ),
        migrations.AddIndex(
            model_name='broadcast',
            index=models.Index(condition=models.Q(('status__in', ('QUEUED', 'SENDING'))), fields=['status'], name='broadcast_ongoing'),
        ),
        migrations.AddConstraint(
            model_name='broadcast',
            constraint=models.UniqueConstraint(fields=('tenant', 'reference'), name='broadcast_reference_once_per_tenant'),
        ),
        migrations.AddConstraint(
            model_name='broadcast',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'SCHEDULED'), _negated=True), ('scheduled_at__isnull', False), _connector='OR'), name='broadcast_scheduled_has_time'),
        ),
        migrations.AddIndex(
            model_name='broadcastmessage',
            index=models.Index(fields=['tenant', 'id'], name='message_by_tenant'),
        ),
        migrations.AddIndex(
            model_name='broadcastmessage',
            index=models.Index(fields=['token'], name='message_by_token'),
        ),
        migrations.AddIndex(
            model_name='broadcastmessage',
            index=models.Index(condition=models.Q(('next_attempt_at__isnull', False)), fields=['broadcast', 'next_attempt_at'], name='message_deferred'),
        ),
        migrations.AddConstraint(
            model_name='broadcastmessage',
            constraint=models.UniqueConstraint(fields=('broadcast', 'seq'), name='message_seq_once'),
        ),
        migrations.AddConstraint(
            model_name='broadcastmessage',
            constraint=models.UniqueConstraint(fields=('contact', 'broadcast'), name='message_contact_once'),
        ),
        migrations.AddConstraint(
            model_name='broadcastmessage',
            constraint=models.UniqueConstraint(condition=models.Q(('address__isnull', False)), fields=('broadcast', 'address'), name='message_address_once'),
        ),
        migrations.AddConstraint(
            model_name='broadcastmessage',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.GreaterThanOrEqual(django.db.models.functions.comparison.Least('seq', 'attempts', 'segments', output_field=models.IntegerField()), 0), name='message_not_negative'),
        ),
        migrations.AddIndex(
            model_name='lane',
            index=models.Index(condition=models.Q(('next_batch_at__isnull', False)), fields=['next_batch_at'], name='lane_due'),
        ),
        migrations.AddConstraint(
            model_name='lane',
            constraint=models.UniqueConstraint(fields=('broadcast', 'n'), name='lane_once_per_broadcast'),
        ),
        migrations.AddConstraint(
            model_name='lane',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.GreaterThanOrEqual(django.db.models.functions.comparison.Least('n', 'floor', output_field=models.IntegerField()), 0), name='lane_not_negative'),
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(condition=models.Q(('settled_at__isnull', True), ('swept_at__isnull', True)), fields=['lease_expires_at'], name='batch_open'),
        ),
    ]
