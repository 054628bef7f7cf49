"""Wallets, holds, the ledger, rates and top-ups."""

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import postgres.ids
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ("wallet", "0001_initial"),
        ("wallet", "0002_money"),
        ("wallet", "0003_rates"),
        ("wallet", "0005_top_ups"),
    ]

    initial = True

    dependencies = [
        ('channels', '0001_tables'),
        ('tenants', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('reference', models.CharField(help_text='Purpose of the hold, such as broadcast:<id>. The wallet does not interpret it.', max_length=100)),
                ('revision', models.PositiveIntegerField()),
                ('amount', models.DecimalField(decimal_places=6, max_digits=20)),
                ('captured', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=20)),
                ('released', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=20)),
                ('refunded', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=20)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='TopUp',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=20)),
                ('provider_id', models.CharField(blank=True, max_length=200)),
                ('url', models.TextField(blank=True, help_text='Address of the payment page.')),
                ('amount', models.DecimalField(decimal_places=6, max_digits=20)),
                ('minor_units', models.BigIntegerField(help_text='The amount in the smallest unit of the currency.')),
                ('currency', models.CharField(max_length=3)),
                ('status', models.CharField(choices=[('OPEN', 'Waiting to be paid'), ('PAID', 'Paid and credited'), ('FAILED', 'Payment page not opened'), ('DISPUTED', 'Paid, but not credited')], default='OPEN', max_length=10)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
                ('paid_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='ReceivedPayment',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=20)),
                ('event_id', models.CharField(max_length=200)),
                ('kind', models.CharField(max_length=100)),
                ('outcome', models.CharField(blank=True, max_length=200)),
                ('received_at', models.DateTimeField()),
                ('top_up', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='wallet.topup')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='Wallet',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('currency', models.CharField(max_length=3)),
                ('balance', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=20)),
                ('held', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=20)),
                ('credit_line', models.DecimalField(decimal_places=6, default=Decimal('0'), max_digits=20)),
                ('low_balance_threshold', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                ('low_balance_at', models.DateTimeField(blank=True, editable=False, help_text='When the low-balance e-mail was sent; empty if credit is not low.', null=True)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('tenant', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='wallet', to='tenants.tenant')),
            ],
        ),
        migrations.AddField(
            model_name='topup',
            name='wallet',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='top_ups', to='wallet.wallet'),
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('TOP_UP', 'Top-up'), ('HOLD', 'Hold'), ('CAPTURE', 'Capture'), ('RELEASE', 'Release'), ('REFUND', 'Refund'), ('ADJUSTMENT', 'Adjustment')], max_length=10)),
                ('balance_delta', models.DecimalField(decimal_places=6, max_digits=20)),
                ('held_delta', models.DecimalField(decimal_places=6, max_digits=20)),
                ('balance_after', models.DecimalField(decimal_places=6, max_digits=20)),
                ('held_after', models.DecimalField(decimal_places=6, max_digits=20)),
                ('reference', models.CharField(help_text='Unique name of the movement in this wallet.', max_length=200)),
                ('subject', models.CharField(blank=True, help_text='Purpose of the movement. The wallet does not interpret it.', max_length=100)),
                ('movement_id', models.UUIDField(editable=False, help_text="The caller's key to the messages behind this entry.", null=True)),
                ('actor', models.CharField(help_text='Id of the user, or name of the program part, that made the movement.', max_length=100)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
                ('hold', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='wallet.hold')),
                ('wallet', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='wallet.wallet')),
            ],
            options={
                'verbose_name_plural': 'ledger entries',
                'ordering': ('-id',),
            },
        ),
        migrations.AddField(
            model_name='hold',
            name='wallet',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='wallet.wallet'),
        ),
        migrations.CreateModel(
            name='Rate',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('platform', models.CharField(choices=[('WHATSAPP', 'WhatsApp'), ('TELEGRAM', 'Telegram'), ('SMS', 'SMS'), ('RCS', 'RCS')], max_length=10)),
                ('category', models.CharField(blank=True, choices=[('MARKETING', 'Marketing'), ('UTILITY', 'Utility'), ('AUTHENTICATION', 'Authentication')], help_text='Empty: any.', max_length=15)),
                ('country', models.CharField(blank=True, help_text="ISO 3166-1 alpha-2 of the recipient's number.", max_length=2)),
                ('calling_code', models.CharField(blank=True, help_text='First digits of the number, without +, such as 49. The longest match applies.', max_length=7, validators=[django.core.validators.RegexValidator('^[1-9][0-9]*$')])),
                ('message_type', models.CharField(blank=True, choices=[('BASIC', 'Basic: text up to 160 characters'), ('SINGLE', 'Single: any other')], help_text='RCS only. Empty: any.', max_length=10)),
                ('price', models.DecimalField(decimal_places=6, max_digits=12)),
                ('currency', models.CharField(max_length=3)),
                ('valid_from', models.DateTimeField()),
                ('valid_to', models.DateTimeField(blank=True, help_text='Exclusive. Empty: no end.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('sender', models.ForeignKey(blank=True, help_text='Empty: every sender of the platform.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='channels.sender')),
            ],
            options={
                'ordering': ('platform', 'country', 'calling_code', '-valid_from'),
                'indexes': [models.Index(fields=['platform', 'valid_from'], name='rate_by_platform')],
                'constraints': [models.CheckConstraint(condition=models.Q(('price__gte', 0)), name='rate_not_negative'), models.CheckConstraint(condition=models.Q(('country', ''), ('calling_code', ''), _connector='OR'), name='rate_one_place'), models.CheckConstraint(condition=models.Q(('valid_to', None), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='rate_ends_after_it_begins')],
            },
        ),
        migrations.AddConstraint(
            model_name='receivedpayment',
            constraint=models.UniqueConstraint(fields=('provider', 'event_id'), name='payment_event_once'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.CheckConstraint(condition=models.Q(('held__gte', 0)), name='wallet_held_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.CheckConstraint(condition=models.Q(('credit_line__gte', 0)), name='wallet_credit_line_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.CheckConstraint(condition=models.Q(('balance__gte', django.db.models.expressions.CombinedExpression(models.F('held'), '-', models.F('credit_line')))), name='wallet_within_credit_line'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['wallet', 'id'], name='entry_by_wallet'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['wallet', 'subject', 'id'], name='entry_by_subject'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('wallet', 'reference'), name='entry_reference_once'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.UniqueConstraint(fields=('wallet', 'reference', 'revision'), name='hold_once_per_revision'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('captured__gte', 0), ('released__gte', 0), ('amount__gte', django.db.models.expressions.CombinedExpression(models.F('captured'), '+', models.F('released')))), name='hold_not_exceeded'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('captured__gte', models.F('refunded')), ('refunded__gte', 0)), name='hold_refunded_what_was_captured'),
        ),
    ]
