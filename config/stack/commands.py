"""The commands of the stack's processes."""

import sys
from collections.abc import Mapping
from pathlib import Path

from config.environment import env

HOST = "127.0.0.1"
_CELERY = (sys.executable, "-m", "celery", "-A", "config")
# Turns off messages between workers, to which nothing here listens.
_QUIET = ("--without-gossip", "--without-mingle")
# A burst of webhook calls must not slow down sending: if the CPU is short, the web server gets a
# third of a sending process's share. The worker that applies the calls does not yield, because it
# holds counters that sending waits for.
_YIELDING = ("nice", "-n", "5")


def commands(*, web_port: int, sandbox_port: int, schedule: Path) -> Mapping[str, list[str]]:
    """Commands by name, in the order of starting; docs/adr/0002 explains the pools."""
    sandbox = f"-m sandbox --host {HOST} --port {sandbox_port}"
    web = f"-m gunicorn -c python:config.web_server --bind {HOST}:{web_port} config.wsgi"
    at_once = env.int("SENDING_PROCESSES", default=2)
    sending = f"worker -Q sending -P prefork -c {at_once} -n sending-{web_port}@%h"
    rest = f"worker -Q planning,inbound,default -P threads -c 4 -n worker-{web_port}@%h"
    return {
        "sandbox": [sys.executable, *sandbox.split()],
        "web": [*_YIELDING, sys.executable, *web.split()],
        "sending": [*_CELERY, *sending.split(), *_QUIET],
        "worker": [*_CELERY, *rest.split(), *_QUIET],
        "beat": [*_CELERY, "beat", "--pidfile=", "-s", str(schedule)],
    }
