"""A check proves whose an account is; only proven senders exclude each other."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0001_tables'),
        ('tenants', '0001_tables'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='sender',
            name='sender_account_once',
        ),
        migrations.AddField(
            model_name='sender',
            name='proven_at',
            field=models.DateTimeField(blank=True, editable=False, help_text="Since when the account is this sender's: a check with its credentials passed. Other credentials or another account need a new check.", null=True),
        ),
        migrations.AddField(
            model_name='sender',
            name='proven_scope',
            field=models.CharField(blank=True, editable=False, help_text='Digest of the credentials that name the customer of the provider.', max_length=64),
        ),
        migrations.AddConstraint(
            model_name='sender',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True), ('proven_at__isnull', False)), fields=('provider', 'account_id', 'proven_scope'), name='sender_account_once'),
        ),
        migrations.AddConstraint(
            model_name='sender',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('tenant', 'provider', 'account_id'), name='sender_account_once_per_tenant'),
        ),
    ]
