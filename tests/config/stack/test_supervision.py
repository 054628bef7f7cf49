"""Supervision of real processes."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.ports import NoFreePort, free_port, is_free
from config.settings.development_secrets import development_secret
from config.stack.supervision import Child, GivenUp

DEADLINE = 20.0


def child(folder: Path, program: str) -> Child:
    return Child(
        name="child",
        command=[sys.executable, "-c", program],
        environment=os.environ,
        log=folder / "child.log",
        folder=folder,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_dead_process_is_said_and_started_again(tmp_path: Path) -> None:
    lines: list[str] = []
    started = child(tmp_path, "import time; time.sleep(60)")
    started.start()
    first = started.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    wait_until(lambda: started.tend(say=lines.append))

    assert len(lines) == 1
    assert lines[0].startswith("child died after 0 s (SIGKILL); again in 2 s.")
    assert started.pid != first
    started.ask_to_stop()
    assert started.see_it_stopped(deadline=time.monotonic() + DEADLINE)


def test_one_that_keeps_dying_is_given_up(tmp_path: Path) -> None:
    dying = child(tmp_path, "raise SystemExit(3)")
    dying._fast_deaths = 4
    dying.start()

    with pytest.raises(GivenUp, match=r"keeps dying \(exit code 3\)"):
        wait_until(lambda: dying.tend(say=lambda _: None))


def test_one_that_ignores_the_request_is_killed_with_its_children(tmp_path: Path) -> None:
    program = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pid = os.fork() or os.getpid()\n"
        "print(pid, flush=True) if pid != os.getpid() else None\n"
        "time.sleep(60)"
    )
    stubborn = child(tmp_path, program)
    stubborn.start()
    wait_until(lambda: stubborn.log.read_bytes().endswith(b"\n"))

    stubborn.ask_to_stop()

    assert not stubborn.see_it_stopped(deadline=time.monotonic() + 0.2)
    wait_until(lambda: not _runs(int(stubborn.log.read_text())))


def _runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_a_taken_port_gives_way_to_the_next() -> None:
    usual = free_port(21000)
    with _listening(usual):
        assert free_port(usual) > usual


def test_no_port_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = free_port(22000)
    monkeypatch.setattr("config.ports._TRIES", 1)
    with _listening(usual), pytest.raises(NoFreePort):
        free_port(usual)
    assert is_free(usual)


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def test_a_development_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    made = iter(["first", "second"])

    secrets = [development_secret("KEY", lambda: next(made), folder=tmp_path) for _ in range(2)]

    assert secrets == ["first", "first"]
    assert (tmp_path / "KEY").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["KEY"]
