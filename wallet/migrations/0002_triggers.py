"""The ledger is append-only; holds, rates and wallets are never deleted."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    replaces = [
        ("wallet", "0006_no_second_index"),
    ]

    dependencies = [
        ("wallet", "0001_tables"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='rate',
            trigger=pgtrigger.compiler.Trigger(name='rate_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='13a3b559f7f0b1b5d6589005ba35d94c310a1760', operation='DELETE', pgid='pgtrigger_rate_never_deleted_30c44', table='wallet_rate', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rate',
            trigger=pgtrigger.compiler.Trigger(name='rate_only_ends', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."calling_code" IS DISTINCT FROM (NEW."calling_code") OR OLD."category" IS DISTINCT FROM (NEW."category") OR OLD."country" IS DISTINCT FROM (NEW."country") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."message_type" IS DISTINCT FROM (NEW."message_type") OR OLD."platform" IS DISTINCT FROM (NEW."platform") OR OLD."price" IS DISTINCT FROM (NEW."price") OR OLD."sender_id" IS DISTINCT FROM (NEW."sender_id") OR OLD."valid_from" IS DISTINCT FROM (NEW."valid_from"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='31119d515686085f87903dfaf6768b406e72e104', operation='UPDATE', pgid='pgtrigger_rate_only_ends_df419', table='wallet_rate', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='wallet',
            trigger=pgtrigger.compiler.Trigger(name='wallet_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='90a1269f8a76774c3a618464d0df8634961c348a', operation='DELETE', pgid='pgtrigger_wallet_never_deleted_79cd4', table='wallet_wallet', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='wallet',
            trigger=pgtrigger.compiler.Trigger(name='wallet_never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF coalesce(current_setting('wallet.may_truncate', true), '') <> 'yes' THEN RAISE EXCEPTION 'Cannot truncate % table', TG_TABLE_NAME; END IF; RETURN NULL;", hash='f948407b3176833b93afb85e332d17295584ef9f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_wallet_never_truncated_97687', table='wallet_wallet', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ledgerentry',
            trigger=pgtrigger.compiler.Trigger(name='entry_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0c3bcd7100d344e17da146685929f1bbe1b2698f', operation='UPDATE OR DELETE', pgid='pgtrigger_entry_append_only_a9484', table='wallet_ledgerentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ledgerentry',
            trigger=pgtrigger.compiler.Trigger(name='entry_never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF coalesce(current_setting('wallet.may_truncate', true), '') <> 'yes' THEN RAISE EXCEPTION 'Cannot truncate % table', TG_TABLE_NAME; END IF; RETURN NULL;", hash='b96c5f18ed0663cf465de48ab4cfe1a6bd96c4bb', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_entry_never_truncated_6b2a9', table='wallet_ledgerentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='hold',
            trigger=pgtrigger.compiler.Trigger(name='hold_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='3f108feef4fd290b633ba7dbb24651a956ada4fd', operation='DELETE', pgid='pgtrigger_hold_never_deleted_8577a', table='wallet_hold', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='hold',
            trigger=pgtrigger.compiler.Trigger(name='hold_only_grows', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."wallet_id" IS DISTINCT FROM (NEW."wallet_id") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."revision" IS DISTINCT FROM (NEW."revision") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."captured" > (NEW."captured") OR OLD."released" > (NEW."released") OR OLD."refunded" > (NEW."refunded"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='46b81eb1483f9730b6e8ba7a329896ab6ea2ec8f', operation='UPDATE', pgid='pgtrigger_hold_only_grows_57207', table='wallet_hold', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='hold',
            trigger=pgtrigger.compiler.Trigger(name='hold_never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF coalesce(current_setting('wallet.may_truncate', true), '') <> 'yes' THEN RAISE EXCEPTION 'Cannot truncate % table', TG_TABLE_NAME; END IF; RETURN NULL;", hash='44359672dbd86495c233d29c07d042fe8efd88c6', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_hold_never_truncated_971ee', table='wallet_hold', when='BEFORE')),
        ),
    ]
