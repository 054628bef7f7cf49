"""The processes of this benchmark's stack, to be killed; never other processes."""

import json
import os
import signal
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import psutil
import redis
from celery import current_app
from django.db import connection

from config.environment import DATA_DIR
from config.stack.stack import Stack
from inbound.models import ProviderEvent

SENDING_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Victim:
    """A process to kill; `works` tells whether its successor has worked since a moment.

    `sending_processes`: how many sending processes the kill may stop with unsettled batches.
    """

    name: str
    find: Callable[[], psutil.Process]
    works: Callable[[datetime], bool]
    sending_processes: int = 0


def victims(stack: Stack) -> list[Victim]:
    """All processes that `make run` starts, and some of their children."""
    web, sandbox = f"{stack.web_url}/healthz", f"{stack.sandbox_url}/_sandbox/health"
    return [
        Victim("web", lambda: member("web"), lambda _: _answers(web)),
        Victim("one of web's workers", lambda: _child("web"), lambda _: _answers(web)),
        Victim("sending", lambda: member("sending"), lambda _: _pings("sending"), 2),
        Victim("one of sending's workers", lambda: _child("sending"), lambda _: True, 1),
        Victim("the other one", lambda: _child("sending"), lambda _: True, 1),
        Victim("worker", lambda: member("worker"), _applies),
        Victim("beat", lambda: member("beat"), _applies),
        Victim("sandbox", lambda: member("sandbox"), lambda _: _answers(sandbox), 2),
        Victim("postgres", postmaster, lambda _: _database_answers(), SENDING_PROCESSES),
        Victim("valkey", valkey, lambda _: _valkey_answers()),
        Victim("the servers' keeper", keeper, lambda _: _servers_answer(), SENDING_PROCESSES),
    ]


def member(name: str) -> psutil.Process:
    """The stack's process of this name: `sandbox`, `web`, `sending`, `worker` or `beat`."""
    facts = json.loads((DATA_DIR / "stack.json").read_text())
    return _ours(int(facts["children"][name]))


def family(top: psutil.Process) -> list[psutil.Process]:
    """The process and its descendants."""
    return [top, *top.children(recursive=True)]


def postmaster() -> psutil.Process:
    return _ours(int((DATA_DIR / "postgres" / "postmaster.pid").read_text().split()[0]))


def valkey() -> psutil.Process:
    return _only(child for child in keeper().children() if child.name() == "valkey-server")


def keeper() -> psutil.Process:
    """The parent process of the embedded servers."""
    return _only(
        child
        for child in psutil.Process().children()
        if "config.embedded.keeper" in _command(child)
    )


def kill(*processes: psutil.Process) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


def _child(name: str) -> psutil.Process:
    """The oldest living child of the member."""
    return min(member(name).children(), key=lambda child: child.create_time())


def _ours(pid: int) -> psutil.Process:
    process = psutil.Process(pid)
    if psutil.Process() not in process.parents():
        raise LookupError(f"{pid} was not started by this process.")
    return process


def _only(processes: Iterator[psutil.Process]) -> psutil.Process:
    (process,) = processes
    return process


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


# --- signs that a process works again -------------------------------------------------------------


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - ours
        return bool(answer.status == 200)  # noqa: PLR2004
    return False


def _pings(name: str) -> bool:
    """A worker of this name answers a ping over the broker."""
    replies = current_app.control.ping(timeout=0.5) or []
    return any(node.startswith(f"{name}-") for reply in replies for node in reply)


def _applies(since: datetime) -> bool:
    """Beat has queued the task and the worker has applied an event received since."""
    return ProviderEvent.objects.filter(received_at__gt=since, applied_at__isnull=False).exists()


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return True


def _valkey_answers() -> bool:
    with suppress(redis.RedisError), redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        return bool(client.ping())
    return False


def _servers_answer() -> bool:
    return _database_answers() and _valkey_answers()
