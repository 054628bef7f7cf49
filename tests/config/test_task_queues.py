"""The queue of each task: the routes choose it, and a worker serves it."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from django.conf import settings

from config.celery import app
from config.stack.commands import commands

app.loader.import_default_modules()
TASKS = sorted(name for name in app.tasks if not name.startswith("celery."))


def served_queues() -> set[str]:
    stack = commands(web_port=8000, sandbox_port=8090, schedule=Path("schedule"))
    workers = [command for command in stack.values() if "-Q" in command]
    return {queue for command in workers for queue in command[command.index("-Q") + 1].split(",")}


def test_every_app_with_tasks_is_loaded() -> None:
    apps = {name.partition(".")[0] for name in TASKS}
    assert apps >= {"broadcast", "contacts", "doctor", "inbound", "templates_wa", "tenants"}


@pytest.mark.parametrize("name", TASKS)
def test_a_worker_serves_the_queue_of_the_task(name: str) -> None:
    assert app.amqp.router.route({}, name)["queue"].name in served_queues()


@pytest.mark.parametrize("name", TASKS)
def test_no_task_names_a_queue_of_its_own(name: str) -> None:
    assert getattr(app.tasks[name], "queue", None) is None


@pytest.mark.parametrize("pattern", settings.CELERY_TASK_ROUTES)
def test_a_route_is_the_route_of_a_task(pattern: str) -> None:
    assert any(fnmatchcase(name, pattern) for name in TASKS)


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_beat_starts_a_task_that_exists(name: str) -> None:
    assert settings.CELERY_BEAT_SCHEDULE[name]["task"] in TASKS
