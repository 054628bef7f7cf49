"""The Celery application; its settings are Django's CELERY_*."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import (
    setup_logging,
    task_postrun,
    task_prerun,
    worker_process_init,
    worker_ready,
)
from django.db import close_old_connections
from django_structlog.celery.steps import DjangoStructLogInitStep

from config.garbage import freeze_loaded_objects

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


SWITCH_SECONDS = 0.0005
"""How long a thread keeps the interpreter while another one wants it; Python's own 5 ms are a tenth
of the time of a batch, whose thread and the HTTP client's hand over to each other all the time."""


@setup_logging.connect
def keep_djangos_logging(**_: Any) -> None:
    """Connecting this is what stops Celery from configuring logs; Django has done so already."""


@task_prerun.connect
@task_postrun.connect
def keep_connections_that_work(**_: Any) -> None:
    """As around a web request: by CONN_MAX_AGE, and never one that has failed."""
    close_old_connections()


@worker_process_init.connect
@worker_ready.connect
def loaded(**_: Any) -> None:
    """Before the first task, in each process that runs tasks."""
    sys.setswitchinterval(SWITCH_SECONDS)
    freeze_loaded_objects()
