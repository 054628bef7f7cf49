"""Provider apps and senders."""

import postgres.encrypted_json
import channels.models
import django.core.validators
import django.db.models.deletion
import postgres.ids
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ("channels", "0001_initial"),
        ("channels", "0002_engine_shape"),
        ("channels", "0003_sender_day"),
        ("channels", "0004_batch_size_has_a_bound"),
    ]

    initial = True

    dependencies = [
        ('tenants', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProviderApp',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=200)),
                ('endpoint_token', models.CharField(default=channels.models.new_endpoint_token, editable=False, max_length=64, unique=True)),
                ('secrets', postgres.encrypted_json.EncryptedJSONField(blank=True, default=dict)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='Sender',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('platform', models.CharField(choices=[('WHATSAPP', 'WhatsApp'), ('TELEGRAM', 'Telegram'), ('SMS', 'SMS'), ('RCS', 'RCS')], max_length=10)),
                ('provider', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=200)),
                ('address', models.CharField(help_text='Phone number (E.164) or bot name.', max_length=64)),
                ('account_id', models.CharField(help_text="The sender's id at the provider: Meta's phone number id, a bot's numeric id.", max_length=64)),
                ('business_account_id', models.CharField(blank=True, help_text='Id of the WhatsApp Business Account, which owns the templates.', max_length=64)),
                ('credentials', postgres.encrypted_json.EncryptedJSONField(blank=True, default=dict)),
                ('base_url', models.URLField(blank=True, help_text="URL of the provider's API or of the sandbox; empty: the default URL.")),
                ('batch_size', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)])),
                ('batch_delay', models.DecimalField(blank=True, decimal_places=3, help_text='Seconds between the starts of two batches of one lane.', max_digits=7, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0'))])),
                ('max_retries', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('messages_per_second', models.DecimalField(blank=True, decimal_places=3, max_digits=9, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.001'))])),
                ('daily_limit', models.PositiveIntegerField(blank=True, null=True)),
                ('lanes', models.PositiveSmallIntegerField(default=1, help_text='Number of lanes (chains of batches) that one broadcast of this sender runs on.', validators=[django.core.validators.MinValueValidator(1)])),
                ('send_window', models.JSONField(blank=True, help_text="Same format as the tenant's window; narrows it. Empty: no narrowing.", null=True)),
                ('currency', models.CharField(help_text="Currency of the prices; must be the tenant's.", max_length=3)),
                ('marketing_price', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=12)),
                ('utility_price', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=12)),
                ('authentication_price', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=12)),
                ('is_default', models.BooleanField(default=False)),
                ('is_active', models.BooleanField(default=True)),
                ('held_until', models.DateTimeField(blank=True, editable=False, help_text="No message of this sender is sent before then: a provider's rate limit.", null=True)),
                ('broken_at', models.DateTimeField(blank=True, editable=False, help_text='When the provider last refused the configuration; a successful check clears it.', null=True)),
                ('broken_reason', models.CharField(blank=True, editable=False, max_length=200)),
                ('checked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('check_result', models.CharField(blank=True, editable=False, max_length=500)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('app', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='senders', to='channels.providerapp')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('platform', 'name'),
            },
        ),
        migrations.CreateModel(
            name='TenantWAApp',
            fields=[
            ],
            options={
                'verbose_name': 'WhatsApp app',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('channels.sender',),
        ),
        migrations.CreateModel(
            name='SenderDay',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('taken', models.PositiveIntegerField()),
                ('sender', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='channels.sender')),
            ],
            options={
                'ordering': ('-day',),
            },
        ),
        migrations.AddConstraint(
            model_name='sender',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True), ('is_default', True)), fields=('tenant', 'platform'), name='sender_one_default_per_platform'),
        ),
        migrations.AddConstraint(
            model_name='sender',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('provider', 'account_id'), name='sender_account_once'),
        ),
        migrations.AddConstraint(
            model_name='sender',
            constraint=models.CheckConstraint(condition=models.Q(('marketing_price__gte', 0), ('utility_price__gte', 0), ('authentication_price__gte', 0)), name='sender_prices_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='senderday',
            constraint=models.UniqueConstraint(fields=('sender', 'day'), name='sender_day_once'),
        ),
    ]
