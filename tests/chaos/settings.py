"""The product's settings with short delays and deadlines, so that a run takes seconds."""

from config.settings.base import *

BROADCAST_BATCH_SIZE = 10
BROADCAST_BATCH_DELAY = 0.1
BROADCAST_BATCH_LEASE = 4
BROADCAST_RETRY_DELAY = 0.3
BROADCAST_UNKNOWN_GRACE = 1.0
PROVIDER_TIMEOUT = 1.5
CELERY_TASK_TIME_LIMIT = 60

for name in ("promote-scheduled", "revive-lanes", "sweep-batches", "apply-events", "retry-parked"):
    CELERY_BEAT_SCHEDULE[name]["schedule"] = 1.0
    CELERY_BEAT_SCHEDULE[name]["options"] = {"expires": 1.0}
