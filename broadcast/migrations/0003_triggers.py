"""A broadcast moves only as broadcast/states.py allows."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    replaces = [
        ("broadcast", "0013_lane_without_a_second_index"),
    ]

    dependencies = [
        ("broadcast", "0002_message_table"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='broadcast',
            trigger=pgtrigger.compiler.Trigger(name='broadcast_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{DRAFT:CANCELLED,DRAFT:QUEUED,DRAFT:SCHEDULED,SCHEDULED:CANCELLED,SCHEDULED:DRAFT,SCHEDULED:FAILED,SCHEDULED:QUEUED,QUEUED:CANCELLED,QUEUED:FAILED,QUEUED:SENDING,SENDING:CANCELLED,SENDING:FAILED,SENDING:PARTIALLY_SENT,SENDING:SENT,SENT:FAILED,SENT:PARTIALLY_SENT,PARTIALLY_SENT:FAILED,PARTIALLY_SENT:SENT,FAILED:PARTIALLY_SENT,FAILED:SENT}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='81fd85342ff71510b83056d000d6d04bae09a61a', operation='UPDATE', pgid='pgtrigger_broadcast_moves_fde7a', table='broadcast_broadcast', when='BEFORE')),
        ),
    ]
