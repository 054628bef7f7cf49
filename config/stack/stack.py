"""Starts and stops all processes together: `with Stack() as stack: stack.wait()`."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from config.embedded import locks, serve_where_unset
from config.embedded.errors import EmbeddedServerError
from config.environment import BASE_DIR, DATA_DIR
from config.ports import free_port
from config.stack.commands import commands
from config.stack.following import Follower
from config.stack.supervision import Child, GivenUp, Say

WEB_PORT = 8000
SANDBOX_PORT = 8090
_LOOK = 0.5  # seconds between two checks of the processes
_START_DEADLINE = 60.0
STOP_GRACE = 60.0
"""Seconds, as in compose: a worker starts batches for 20 s more, then waits for their answers."""


class StackError(Exception):
    """The stack could not be started; the message says where to look."""


def say(text: str) -> None:
    """Print to the terminal, above a progress bar if there is one."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Stack:
    """All processes, on free ports; each gets `environment`.

    Raises StackError from `start()`. `given_up` is set to a sentence when a process keeps dying.
    """

    def __init__(
        self,
        *,
        web_port: int = WEB_PORT,
        sandbox_port: int = SANDBOX_PORT,
        environment: Mapping[str, str] | None = None,
        show_logs: bool = False,
        say: Say = say,
    ) -> None:
        self._wanted = (web_port, sandbox_port)
        self._extra = dict(environment or {})
        self._say = say
        self._logs = DATA_DIR / "log"
        self._children: list[Child] = []
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._tend, name="supervisor", daemon=True)
        self._follower = Follower() if show_logs else None
        self.given_up = ""
        self.web_url = self.sandbox_url = ""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Return when the web server and the sandbox answer."""
        self._servers = serve_where_unset()
        self._logs.mkdir(parents=True, exist_ok=True)
        self._file.unlink(missing_ok=True)  # those of a killed stack
        # Two stacks that start at once would choose the same ports and apply the same migrations.
        with locks.taken(DATA_DIR / "start.lock"):
            self._start()
        self._write_down()

    def _start(self) -> None:
        self._choose_addresses()
        self._migrate()
        self._children = self._make_children()
        for child in self._children:
            child.log.unlink(missing_ok=True)
            child.start()
        if self._follower:
            self._follower.start([child.log for child in self._children])
        self._watch.start()
        self._wait_for(f"{self.web_url}/healthz")
        self._wait_for(self.sandbox_url)

    def wait(self) -> int:
        """Wait until the stack is stopped from elsewhere (returns 0) or gives up (returns 1)."""
        while not self._stopping.wait(_LOOK):
            if self.given_up:
                self._say(self.given_up)
                return 1
        return 0

    def stop(self) -> None:
        """Stop beat and the workers first, while the servers that they use still run."""
        self._stopping.set()
        if self._watch.ident is not None:
            self._watch.join()
        workers = [child for child in self._children if child.name not in ("web", "sandbox")]
        for wave in (workers, [child for child in self._children if child not in workers]):
            self._stop(wave)
        if self._follower:
            self._follower.stop()
        if self._written_by_us():
            self._file.unlink()

    def _stop(self, wave: Sequence[Child]) -> None:
        for child in wave:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_GRACE
        for child in wave:
            if not child.see_it_stopped(deadline=deadline):
                self._say(f"{child.name} did not stop within {STOP_GRACE:.0f} s and was killed.")

    # --- what runs ------------------------------------------------------------------------------

    def _choose_addresses(self) -> None:
        web, sandbox = (free_port(port) for port in self._wanted)
        for wanted, got in zip(self._wanted, (web, sandbox), strict=True):
            if wanted != got:
                self._say(f"Port {wanted} is taken; using {got}.")
        self._ports = (web, sandbox)
        self.web_url = f"http://localhost:{web}"
        self.sandbox_url = f"http://localhost:{sandbox}"

    def _make_children(self) -> list[Child]:
        web, sandbox = self._ports
        schedule = DATA_DIR / "beat" / f"schedule-{web}"
        schedule.parent.mkdir(exist_ok=True)
        return [
            Child(
                name=name,
                command=command,
                environment=self._environment(),
                log=self._logs / f"{name}.log",
                folder=BASE_DIR,
                # The embedded servers run until the last of these processes has ended.
                keep=(self._servers.fd,) if self._servers else (),
            )
            for name, command in commands(
                web_port=web, sandbox_port=sandbox, schedule=schedule
            ).items()
        ]

    def _environment(self) -> dict[str, str]:
        own = {"DJANGO_SETTINGS_MODULE": "config.settings.base", "PUBLIC_URL": self.web_url}
        inherited = {name: value for name, value in os.environ.items() if value}
        return {**own, **inherited, **self._extra}

    def _migrate(self) -> None:
        log = self._logs / "migrate.log"
        command = [sys.executable, "manage.py", "migrate", "--noinput"]
        with log.open("wb") as output:
            done = subprocess.run(  # noqa: S603 - our own command
                command,
                cwd=BASE_DIR,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode:
            raise StackError(f"The migrations failed:\n{log.read_text(errors='replace')}")

    # --- watching -------------------------------------------------------------------------------

    def _tend(self) -> None:
        while not self._stopping.wait(_LOOK):
            try:
                if self._servers:
                    self._servers.ensure_running()
                started = [child.tend(say=self._say) for child in self._children]
                if any(started):
                    self._write_down()
            except (GivenUp, EmbeddedServerError) as error:
                self.given_up = str(error)
                return

    def _wait_for(self, url: str) -> None:
        deadline = time.monotonic() + _START_DEADLINE
        while time.monotonic() < deadline and not self.given_up:
            if _answers(url):
                return
            time.sleep(0.1)
        raise StackError(self.given_up or f"{url} does not answer; see {self._logs}")

    def _write_down(self) -> None:
        """Write the stack's addresses for other programs."""
        facts = {
            "pid": os.getpid(),
            "web_url": self.web_url,
            "sandbox_url": self.sandbox_url,
            "children": {child.name: child.pid for child in self._children},
        }
        draft = self._file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        draft.write_text(json.dumps(facts, indent=2))
        draft.replace(self._file)

    def _written_by_us(self) -> bool:
        return self._file.exists() and json.loads(self._file.read_text()).get("pid") == os.getpid()

    @property
    def _file(self) -> Path:
        return DATA_DIR / "stack.json"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own http address
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
