"""Every call of a task in the code names a task that exists, with arguments that it takes."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.apps import apps

from config.celery import app
from config.environment import BASE_DIR

app.loader.import_default_modules()
CALLS = {"delay", "delay_on_commit", "apply_async", "apply_async_on_commit", "s", "si", "signature"}
TASK_NAME = re.compile(r"[a-z_]+\.tasks\.\w+")
OPTIONS = {"queue", "expires", "countdown", "eta"}
"""Keywords of a call that are no arguments of the task."""


class CallOfTask(NamedTuple):
    place: str
    task: str
    arguments: frozenset[str]


def calls_in(source: str, place: str) -> Iterator[CallOfTask]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (name := task_of(node)):
            keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            yield CallOfTask(f"{place}:{node.lineno}", name, frozenset(arguments_in(keywords)))


def task_of(call: ast.Call) -> str:
    """The task of `task.delay()`, `app.send_task("name")` or `partial(app.send_task, "name")`."""
    for value in call.args:
        if isinstance(value, ast.Constant) and TASK_NAME.fullmatch(str(value.value)):
            return str(value.value)
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in CALLS:
        return ""
    return full_name(function.value.id) if isinstance(function.value, ast.Name) else ""


def full_name(function: str) -> str:
    names = [name for name in app.tasks if name.endswith(f".tasks.{function}")]
    return names[0] if names else function


def arguments_in(keywords: dict[str, Any]) -> set[str]:
    if isinstance(arguments := keywords.get("kwargs"), ast.Dict):
        return {str(key.value) for key in arguments.keys if isinstance(key, ast.Constant)}
    return set(keywords) - OPTIONS


def calls() -> list[CallOfTask]:
    ours = [Path(config.path) for config in apps.get_app_configs()]
    files = [
        path
        for folder in ours
        if folder.parent == Path(BASE_DIR)
        for path in sorted(folder.rglob("*.py"))
    ]
    return [
        call
        for path in files
        for call in calls_in(path.read_text(), str(path.relative_to(BASE_DIR)))
    ]


def test_the_calls_are_found() -> None:
    called = {call.task for call in calls()}
    assert called >= {
        "broadcast.tasks.serve",
        "broadcast.tasks.plan_broadcast",
        "contacts.tasks.run_import",
        "inbound.tasks.acknowledge",
        "templates_wa.tasks.sync_app",
    }


@pytest.mark.parametrize("call", calls(), ids=lambda call: call.place)
def test_a_call_fits_its_task(call: CallOfTask) -> None:
    assert call.task in app.tasks
    inspect.signature(app.tasks[call.task].run).bind(**dict.fromkeys(call.arguments))
