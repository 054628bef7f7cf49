"""Settings of the Celery tasks: the queue of each task, and the schedule of beat."""

from typing import Any

from config.environment import DATA_DIR

CELERY_TASK_DEFAULT_QUEUE = "default"
# Only this table chooses the queue of a task: no task names a queue of its own. A task that is not
# in the table waits in the default queue.
CELERY_TASK_ROUTES = {
    "broadcast.tasks.serve": {"queue": "sending"},
    "broadcast.tasks.plan_broadcast": {"queue": "planning"},
    "broadcast.tasks.fall_back_all": {"queue": "planning"},
    "broadcast.tasks.retry_capped_all": {"queue": "planning"},
    "contacts.tasks.*": {"queue": "planning"},
    "inbound.tasks.*": {"queue": "inbound"},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat" / "schedule")
# After a standstill, `expires` drops all but the last runs of each task. It is at least 15 s, more
# than two clocks differ: beat sets the time by the clock of its machine, the worker checks it by
# the clock of another.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": task, "schedule": seconds, "options": {"expires": max(15.0, 0.9 * seconds)}}
    for name, task, seconds in (
        ("promote-scheduled", "broadcast.tasks.promote", 1.0),
        ("revive-lanes", "broadcast.tasks.revive", 2.0),
        ("sweep-batches", "broadcast.tasks.sweep", 5.0),
        ("look-up-unknown", "broadcast.tasks.look_up", 5.0),
        ("expire-messages", "broadcast.tasks.expire", 5.0),
        ("fall-back", "broadcast.tasks.fall_back_all", 5.0),
        ("retry-capped", "broadcast.tasks.retry_capped_all", 300.0),
        ("doctor", "doctor.tasks.doctor", 600.0),
        ("purge-idempotency", "tenants.tasks.purge", 3600.0),
        ("purge-logins", "tenants.tasks.purge_logins", 3600.0),
        ("low-balances", "wallet.tasks.low_balances", 60.0),
        ("sync-templates", "templates_wa.tasks.sync_all", 900.0),
        ("pause-for-templates", "broadcast.tasks.pause_for_templates", 5.0),
        ("revive-imports", "contacts.tasks.revive_imports", 60.0),
        ("apply-events", "inbound.tasks.apply_events", 2.0),
        ("retry-parked", "inbound.tasks.retry_parked", 2.0),
        ("purge-events", "inbound.tasks.purge", 3600.0),
    )
}
