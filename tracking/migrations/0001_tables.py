"""Tracked URLs, short links and clicks."""

import django.db.models.deletion
import postgres.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ("tracking", "0001_initial"),
        ("tracking", "0002_names_in_words"),
    ]

    initial = True

    dependencies = [
        ('broadcast', '0001_tables'),
        ('tenants', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='TrackedURL',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('url', models.URLField(max_length=2000)),
                ('clicks', models.PositiveIntegerField(default=0)),
                ('unique_clicks', models.PositiveIntegerField(default=0, help_text='Number of recipients who clicked the link.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('broadcast', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tracked_urls', to='broadcast.broadcast')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'verbose_name': 'tracked URL',
                'ordering': ('broadcast', 'position'),
            },
        ),
        migrations.CreateModel(
            name='Click',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('user_agent', models.CharField(blank=True, max_length=300)),
                ('is_first', models.BooleanField(help_text="The recipient's first click on this link.")),
                ('clicked_at', models.DateTimeField()),
                ('broadcast', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='broadcast.broadcast')),
                ('message', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='clicks', to='broadcast.broadcastmessage')),
                ('tenant', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('tracked_url', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='click_rows', to='tracking.trackedurl')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.AddConstraint(
            model_name='trackedurl',
            constraint=models.UniqueConstraint(fields=('broadcast', 'position'), name='tracked_url_position'),
        ),
        migrations.AddIndex(
            model_name='click',
            index=models.Index(fields=['tenant', 'id'], name='click_by_tenant'),
        ),
        migrations.AddIndex(
            model_name='click',
            index=models.Index(fields=['broadcast', 'id'], name='click_by_broadcast'),
        ),
        migrations.AddIndex(
            model_name='click',
            index=models.Index(fields=['message', 'tracked_url'], name='click_by_message'),
        ),
        migrations.AddConstraint(
            model_name='click',
            constraint=models.UniqueConstraint(condition=models.Q(('is_first', True)), fields=('message', 'tracked_url'), name='click_first_once'),
        ),
    ]
