"""Tenants, users and memberships."""

import django.db.models.deletion
import postgres.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ("tenants", "0001_initial"),
        ("tenants", "0002_engine_shape"),
    ]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tenant',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('slug', models.SlugField(max_length=60, unique=True)),
                ('currency', models.CharField(default='EUR', help_text="ISO 4217 code of the tenant's credits.", max_length=3)),
                ('time_zone', models.CharField(default='UTC', help_text='IANA name.', max_length=64)),
                ('default_country', models.CharField(blank=True, help_text='ISO 3166-1 alpha-2 code; for phone numbers without a country prefix.', max_length=2)),
                ('send_window', models.JSONField(blank=True, help_text='Days and hours at which messages may be sent: {"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "20:00", "time_zone": "Europe/Berlin"}. Days run from 1 (Monday) to 7 (Sunday). If the recipient\'s own time zone is known, it is used instead. Empty: at any time.', null=True)),
                ('approval_recipients', models.PositiveIntegerField(blank=True, help_text="A broadcast with more recipients than this needs a second person's approval.", null=True)),
                ('approval_amount', models.DecimalField(blank=True, decimal_places=6, help_text="A broadcast that costs more than this needs a second person's approval.", max_digits=20, null=True)),
                ('opt_out_words', models.JSONField(blank=True, default=list, help_text='Words beside STOP and its common translations.')),
                ('opt_in_words', models.JSONField(blank=True, default=list, help_text='Words beside START and its common translations.')),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('is_active', models.BooleanField(default=True)),
                ('is_staff', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'ordering': ('email',),
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('OWNER', 'Owner'), ('ADMIN', 'Admin'), ('MANAGER', 'Manager'), ('VIEWER', 'Viewer')], max_length=10)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='tenants.tenant')),
            ],
            options={
                'ordering': ('tenant', 'user'),
                'constraints': [models.UniqueConstraint(fields=('tenant', 'user'), name='membership_once_per_tenant')],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyRecord',
            fields=[
                ('id', models.UUIDField(default=postgres.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=255)),
                ('operation', models.CharField(help_text='Method and path of the request.', max_length=200)),
                ('body_hash', models.CharField(help_text="SHA-256 of the request's body.", max_length=64)),
                ('response_status', models.PositiveSmallIntegerField()),
                ('response_body', models.TextField(help_text='JSON of the answer as sent.')),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'key'), name='idempotency_key_once_per_tenant')],
            },
        ),
    ]
