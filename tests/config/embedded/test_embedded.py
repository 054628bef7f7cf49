"""The embedded servers: several processes hold them, in a folder of the test."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from config.embedded.locks import is_taken
from config.embedded.places import Places
from config.embedded.postgres import QUIET_LOG
from config.environment import BASE_DIR

HOLD = """
import json, sys
from pathlib import Path
from config.embedded.holding import Holder
print(json.dumps(Holder(Path(sys.argv[1])).addresses), flush=True)
sys.stdin.read()
"""
DEADLINE = 60.0


class Holding:
    """A process that holds the servers until the test lets it end or kills it."""

    def __init__(self, data: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(data)],
            cwd=BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def addresses(self) -> dict[str, str]:
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))

    def let_go(self) -> None:
        self._process.communicate()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def hold(data: Path) -> Iterator[Callable[[], Holding]]:
    holdings: list[Holding] = []

    def start() -> Holding:
        holdings.append(Holding(data))
        return holdings[-1]

    yield start
    for holding in holdings:
        holding.kill()
    wait_until(lambda: not has_keeper(data))


def has_keeper(data: Path) -> bool:
    return is_taken(Places(data).keeper_lock)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def write(addresses: dict[str, str]) -> None:
    connection = psycopg2.connect(addresses["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 42 AS figure")
    connection.close()
    with redis.Redis.from_url(addresses["REDIS_URL"]) as client:
        client.set("kept", "42")


def read(addresses: dict[str, str]) -> tuple[int, bytes | None]:
    connection = psycopg2.connect(addresses["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT figure FROM kept")
        row = cursor.fetchone()
    connection.close()
    with redis.Redis.from_url(addresses["REDIS_URL"]) as client:
        return row[0] if row else 0, client.get("kept")


def keeper_of(data: Path) -> int:
    """The keeper is the only process whose command line ends with this folder."""
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"config.embedded.keeper" in command and os.fsencode(data.resolve()) in command:
            return int(entry.name)
    raise LookupError(data)


def test_what_was_written_is_there_after_a_restart(hold: Callable[[], Holding], data: Path) -> None:
    first = hold()
    write(first.addresses())
    first.let_go()
    wait_until(lambda: not has_keeper(data))

    assert read(hold().addresses()) == (42, b"42")


def test_two_that_start_at_once_share_one_pair_of_servers(hold: Callable[[], Holding]) -> None:
    first, second = hold(), hold()

    assert first.addresses() == second.addresses()


def test_the_servers_outlive_their_starter_while_another_holds_them(
    hold: Callable[[], Holding],
) -> None:
    first, second = hold(), hold()
    first.addresses()
    addresses = second.addresses()

    first.kill()
    time.sleep(1.5)  # the keeper checks twice in this time and must not stop the servers
    write(addresses)

    assert read(addresses) == (42, b"42")


def test_a_killed_holder_does_not_keep_them_running(
    hold: Callable[[], Holding], data: Path
) -> None:
    only = hold()
    only.addresses()

    only.kill()
    wait_until(lambda: not has_keeper(data))

    assert not (data / "postgres" / "postmaster.pid").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="finds the keeper in /proc")
def test_a_killed_keeper_takes_its_servers_along_and_the_next_brings_all_back(
    hold: Callable[[], Holding], data: Path
) -> None:
    before = hold().addresses()
    write(before)

    os.kill(keeper_of(data), signal.SIGKILL)
    after = hold().addresses()

    assert after == before
    assert read(after) == (42, b"42")


def test_they_are_durable_and_private(hold: Callable[[], Holding], data: Path) -> None:
    addresses = hold().addresses()
    connection = psycopg2.connect(addresses["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit'),"
            " current_setting('full_page_writes'), current_setting('listen_addresses')"
        )
        assert cursor.fetchone() == ("on", "on", "on", "")
    connection.close()

    assert (data / "postgres").stat().st_mode & 0o077 == 0
    address = addresses["REDIS_URL"].partition("@")[2]
    with redis.Redis.from_url(f"redis://{address}") as stranger, pytest.raises(redis.RedisError):
        stranger.ping()


def test_the_logs_hold_no_statement_and_no_command(hold: Callable[[], Holding]) -> None:
    addresses = hold().addresses()
    with psycopg2.connect(addresses["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [[*QUIET_LOG]])
        assert dict(cursor.fetchall()) == QUIET_LOG
    with redis.Redis.from_url(addresses["REDIS_URL"], decode_responses=True) as client:
        assert client.config_get("hide-user-data-from-log") == {"hide-user-data-from-log": "yes"}
