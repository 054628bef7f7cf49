"""The processes of a stack of our own, to be killed: never one that this process did not start."""

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
    """`works`: since that moment, whichever process is there now.

    `sending_processes`: the batches of so many may be left without an answer by its death.
    """

    name: str
    find: Callable[[], psutil.Process]
    works: Callable[[datetime], bool]
    sending_processes: int = 0


def victims(stack: Stack) -> list[Victim]:
    """All that `make run` starts, and what they have forked."""
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
    """By what the stack has written down: `sandbox`, `web`, `sending`, `worker` or `beat`."""
    facts = json.loads((DATA_DIR / "stack.json").read_text())
    return _ours(int(facts["children"][name]))


def family(top: psutil.Process) -> list[psutil.Process]:
    """The process, then its descendants."""
    return [top, *top.children(recursive=True)]


def postmaster() -> psutil.Process:
    return _ours(int((DATA_DIR / "postgres" / "postmaster.pid").read_text().split()[0]))


def valkey() -> psutil.Process:
    return _only(each for each in keeper().children() if each.name() == "valkey-server")


def keeper() -> psutil.Process:
    """Of the embedded servers: their parent."""
    return _only(
        each for each in psutil.Process().children() if "config.embedded.keeper" in _command(each)
    )


def killed(*processes: psutil.Process) -> None:
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGKILL)


def _child(name: str) -> psutil.Process:
    """The one that was forked first of those that are there."""
    return min(member(name).children(), key=lambda each: each.create_time())


def _ours(pid: int) -> psutil.Process:
    found = psutil.Process(pid)
    if psutil.Process() not in found.parents():
        raise LookupError(f"{pid} was not started by this process.")
    return found


def _only(found: Iterator[psutil.Process]) -> psutil.Process:
    (one,) = found
    return one


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


# --- what shows that it works again ---------------------------------------------------------------


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - ours
        return bool(answer.status == 200)  # noqa: PLR2004
    return False


def _pings(name: str) -> bool:
    """A worker's top process says so over the broker."""
    said = current_app.control.ping(timeout=0.5) or []
    return any(node.startswith(f"{name}-") for each in said for node in each)


def _applies(since: datetime) -> bool:
    """Beat has asked for it and the worker has done it."""
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
