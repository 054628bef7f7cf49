"""Starts the stack, runs the demo's steps on it and reports the figures."""

import argparse
import json
import os
import time

from config.embedded import locks
from config.embedded.errors import EmbeddedServerError
from config.environment import DATA_DIR
from config.ports import NoFreePort
from config.run import stop_on_signals
from config.stack.stack import Stack, StackError
from demo import steps
from demo.client import Refused
from demo.showing import Screen
from demo.story import TookTooLong
from demo.tenant import ADMIN, OWNER, DemoTenant

# Shorter delays, so that the demo takes half a minute; the environment's values take precedence.
QUICKER = {"BROADCAST_BATCH_DELAY": "0.25", "BROADCAST_RETRY_DELAY": "2"}
# Origins of pages that may call the API: the usual addresses of a front end in development.
ORIGINS = {"CORS_ALLOWED_ORIGINS": "http://localhost:3000,http://localhost:5173"}
TITLE = "One broadcast, all the way"
INTRODUCTION = (
    "A thousand invented contacts, two channels, a sandbox in place of Meta and Telegram.\n"
    "Everything else is real: PostgreSQL, Valkey, Celery workers, HTTP, signed webhooks."
)


def main(*, own_servers: bool) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the broadcast")
    once = parser.parse_args().once
    began = time.monotonic()
    screen = Screen()
    stop_on_signals()
    lock = locks.open_lock(DATA_DIR / "demo.lock")
    if not locks.try_take(lock):
        screen.failed("Another demo is running on these databases.")
        return 1
    environment = {
        name: os.environ.get(name) or value for name, value in (QUICKER | ORIGINS).items()
    }
    stack = Stack(environment=environment, say=screen.warn)
    try:
        return _run(stack, screen, environment, began=began, once=once, own_servers=own_servers)
    except KeyboardInterrupt:
        screen.console.print("\nStopped.")
        return 130 if once else 0
    except (StackError, EmbeddedServerError, NoFreePort, Refused, TookTooLong) as error:
        screen.console.print(f"\n{error}", style="bold red", markup=False)
        return 1
    finally:
        os.close(lock)


def _run(
    stack: Stack, screen: Screen, environment: dict[str, str], *, began: float, once: bool,
    own_servers: bool,
) -> int:  # fmt: skip
    screen.title(TITLE, INTRODUCTION)
    screen.step("Start the stack: web server, workers, beat, sandbox provider")
    with stack:
        set_up_seconds = time.monotonic() - began
        screen.done(f"Every process answers, after {set_up_seconds:.1f} s")
        if environment["BROADCAST_BATCH_DELAY"] == QUICKER["BROADCAST_BATCH_DELAY"]:
            screen.note(
                "Batches of 50 start every 0.25 s here; the default is 5 s (10 messages/s per "
                "broadcast)."
            )
        stage = steps.set_up_tenant(
            screen,
            web_url=stack.web_url,
            sandbox_url=stack.sandbox_url,
            own_servers=own_servers,
        )
        figures = steps.run_all(stage, batch_delay=float(environment["BROADCAST_BATCH_DELAY"]))
        figures = {
            "ok": figures.pop("ok"),
            "set_up_seconds": round(set_up_seconds, 1),
            "demo_seconds": round(time.monotonic() - began - set_up_seconds, 1),
            **figures,
        }
        if not once:
            _show_places(stack, screen, stage.demo)
            print(json.dumps(figures), flush=True)
            return stack.wait()
    print(json.dumps(figures), flush=True)
    return 0 if figures["ok"] else 1


def _show_places(stack: Stack, screen: Screen, demo: DemoTenant) -> None:
    screen.places(
        {
            "API docs": f"{stack.web_url}/docs/",
            "  login": f"{OWNER}  {demo.password}",
            "Admin": f"{stack.web_url}/admin/",
            "  login ": f"{ADMIN}  {demo.password}",
            "Sandbox": f"{stack.sandbox_url}/_sandbox/summary",
            "Logs": str(DATA_DIR / "log"),
            "To stop": "Ctrl-C",
        }
    )
