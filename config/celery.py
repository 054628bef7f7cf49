"""The Celery application; its settings are Django's CELERY_*."""

import os
import sys
from importlib import import_module
from typing import Any

import structlog
from celery.signals import (
    beat_init,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
)
from django.apps import apps
from django.db import close_old_connections
from django_structlog.celery.steps import DjangoStructLogInitStep

from config.garbage import freeze_loaded_objects
from config.task_time import App, watch_clock

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

app = App("config", task_cls="config.task_time:TimelyTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


log = structlog.get_logger(__name__)

SWITCH_SECONDS = 0.0005
"""Seconds for which a thread keeps the interpreter while another thread wants it. Python's default
of 5 ms is a tenth of a batch's time, and its thread and the HTTP client's alternate often."""


@setup_logging.connect
def keep_djangos_logging(**_: Any) -> None:
    """Stops Celery from configuring logs, which Django has done, by receiving its signal."""


@task_prerun.connect
@task_postrun.connect
def keep_connections_that_work(**_: Any) -> None:
    """Closes connections that are broken or older than CONN_MAX_AGE, as around a web request."""
    close_old_connections()


@worker_process_init.connect
@worker_ready.connect
def loaded(**_: Any) -> None:
    """Runs before the first task, in each process that runs tasks."""
    sys.setswitchinterval(SWITCH_SECONDS)
    freeze_loaded_objects()


@beat_init.connect
@worker_ready.connect
def keeps_time(**_: Any) -> None:
    """Runs in beat, and in the process that takes a worker's tasks from the queue."""
    watch_clock()


@worker_process_shutdown.connect
@worker_shutdown.connect
def ends(**_: Any) -> None:
    """Runs in each process that runs tasks, after its last task: waits for answers that are kept.

    The engine is imported here, because models can be imported only once Django is set up.
    """
    if apps.ready:
        left = import_module("broadcast.engine.locked_rows").settle_kept_answers()
        if left:
            log.error("kept_answers_lost", batches=left)
