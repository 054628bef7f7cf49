"""Stored provider events, replies and parked receipts."""

import django.db.models.deletion
import django.utils.timezone
import postgres.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ("inbound", "0001_initial"),
        ("inbound", "0002_inbound_replies"),
        ("inbound", "0003_vonage_message_alias"),
        ("inbound", "0004_parked_opt_outs"),
        ("inbound", "0005_names_in_the_plural"),
    ]

    initial = True

    dependencies = [
        ('broadcast', '0001_tables'),
        ('channels', '0001_tables'),
        ('contacts', '0001_tables'),
        ('tenants', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='MessageAlias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alias', models.CharField(max_length=200)),
                ('provider_message_id', models.CharField(help_text='The id that the message is stored with.', max_length=200)),
                ('created_at', models.DateTimeField(db_index=True)),
                ('app', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='channels.providerapp')),
            ],
            options={
                'verbose_name_plural': 'message aliases',
                'constraints': [models.UniqueConstraint(fields=('app', 'alias'), name='message_alias_once')],
            },
        ),
        migrations.CreateModel(
            name='ParkedReceipt',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('provider_message_id', models.CharField(max_length=200)),
                ('status', models.CharField(choices=[('SENT', 'SENT'), ('DELIVERED', 'DELIVERED'), ('READ', 'READ'), ('FAILED', 'FAILED')], max_length=10)),
                ('at', models.DateTimeField()),
                ('code', models.CharField(blank=True, max_length=64)),
                ('provider_code', models.CharField(blank=True, max_length=64)),
                ('message', models.CharField(blank=True, max_length=500)),
                ('opted_out', models.BooleanField(db_default=False, default=False)),
                ('parked_at', models.DateTimeField(db_index=True)),
                ('tried_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('app', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='channels.providerapp')),
            ],
            options={
                'ordering': ('id',),
                'constraints': [models.UniqueConstraint(fields=('app', 'provider_message_id', 'status'), name='parked_receipt_once')],
            },
        ),
        migrations.CreateModel(
            name='ProviderEvent',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('event_key', models.CharField(blank=True, help_text="The provider's id of the call, if it has one.", max_length=200, null=True)),
                ('body', models.BinaryField()),
                ('status', models.CharField(choices=[('STORED', 'Stored'), ('APPLIED', 'Applied'), ('FAILED', 'Set aside')], default='STORED', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('retry_at', models.DateTimeField(blank=True, null=True)),
                ('received_at', models.DateTimeField()),
                ('applied_at', models.DateTimeField(blank=True, null=True)),
                ('app', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='channels.providerapp')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(condition=models.Q(('status', 'STORED')), fields=['id'], name='provider_event_to_do'), models.Index(condition=models.Q(('status', 'FAILED')), fields=['id'], name='provider_event_set_aside')],
                'constraints': [models.UniqueConstraint(fields=('app', 'event_key'), name='provider_event_once')],
            },
        ),
        migrations.CreateModel(
            name='ReceivedMessage',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('platform', models.CharField(choices=[('WHATSAPP', 'WhatsApp'), ('TELEGRAM', 'Telegram'), ('SMS', 'SMS'), ('RCS', 'RCS')], max_length=10)),
                ('address', models.CharField(help_text='Address of the writer: E.164 or a Telegram chat id.', max_length=64)),
                ('text', models.TextField()),
                ('provider_message_id', models.CharField(max_length=200)),
                ('message_id', models.UUIDField(blank=True, help_text='Id of the answered message.', null=True)),
                ('wish', models.CharField(blank=True, choices=[('opt_out', 'opt_out'), ('opt_in', 'opt_in')], max_length=10)),
                ('at', models.DateTimeField(help_text='Time of writing, as the provider reports it.')),
                ('received_at', models.DateTimeField()),
                ('app', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='channels.providerapp')),
                ('broadcast', models.ForeignKey(blank=True, help_text='Broadcast of the answered message: the quoted one, else the last one sent.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replies', to='broadcast.broadcast')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='received_messages', to='contacts.contact')),
                ('sender', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='channels.sender')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['contact', 'id'], name='received_by_contact')],
                'constraints': [models.UniqueConstraint(fields=('app', 'provider_message_id'), name='received_message_once')],
            },
        ),
    ]
