"""A real worker runs every registered task, and each task does its work."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from channels.models import Sender
from config.celery import app
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.config.tasks.work import WORK_OF, Scene
from tests.fixtures.types import MakeBroadcast, MakePeople
from tests.flows.waiting import wait_for
from tests.workers import Worker, start_worker
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)

app.loader.import_default_modules()
TASKS = sorted(name for name in app.tasks if not name.startswith("celery."))
BEAT = {
    name: {
        **entry.get("options", {}),
        "args": entry.get("args", ()),
        "kwargs": entry.get("kwargs", {}),
    }
    for name, entry in ((entry["task"], entry) for entry in settings.CELERY_BEAT_SCHEDULE.values())
}
"""The name of each scheduled task → the options and arguments with which beat sends it."""


@pytest.fixture(scope="module")
def worker(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Worker]:
    """One worker serves all tests of this module: it takes seconds to start."""
    with django_db_blocker.unblock():
        log = tmp_path_factory.mktemp("tasks") / "worker.log"
        worker = start_worker(log=log, LOG_LEVEL="DEBUG")  # logs the start and the end of tasks
    yield worker
    worker.stop()


@pytest.fixture
def scene(
    tenant: Tenant,
    rich: Wallet,
    bot: Sender,
    sandbox: RunningSandbox,
    people: MakePeople,
    draft: MakeBroadcast,
) -> Scene:
    return Scene(tenant, rich, bot, sandbox, people, draft)


def logged(worker: Worker, event: str, **values: str) -> list[dict[str, Any]]:
    lines = worker.log.read_text(errors="replace").splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    wanted = {"event": event, **values}.items()
    return [entry for entry in entries if wanted <= entry.items()]


def take_hints_back() -> None:
    """Remove what earlier tasks left in the queue or with the worker: it could do the work."""
    app.control.purge()
    worker = app.control.inspect(timeout=5, limit=1)
    for waiting in (worker.scheduled() or {}).values():
        app.control.revoke([entry["request"]["id"] for entry in waiting])
    wait_for(lambda: not any((worker.active() or {}).values()))


@pytest.mark.parametrize("name", TASKS)
def test_the_task_does_its_work(name: str, worker: Worker, scene: Scene) -> None:
    take_hints_back()
    work = WORK_OF[name](scene)
    assert not work.is_done()
    options = {"kwargs": work.arguments, **BEAT.get(name, {})}

    task_id = app.send_task(name, **options).id

    wait_for(lambda: bool(ended(worker, task_id)))
    assert ended(worker, task_id) == ["task_succeeded"]
    wait_for(work.is_done)


def ended(worker: Worker, task_id: str) -> list[str]:
    return [
        event
        for event in ("task_succeeded", "task_failed", "task_retrying", "task_revoked")
        if logged(worker, event, task_id=task_id)
    ]


def test_beat_starts_no_task_without_a_case() -> None:
    assert set(BEAT) <= set(WORK_OF)
    assert set(WORK_OF) == set(TASKS)
