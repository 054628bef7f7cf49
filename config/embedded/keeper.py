"""The process that keeps the embedded servers: starts them, restarts them, stops them at the end.

It waits for the holders' lock. The kernel frees that lock when the last holder has ended, even if
the holder was killed, so no process ids have to be counted.
"""

import json
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from config.embedded import locks
from config.embedded.places import Places
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey

_LOOK = 0.5  # seconds between two checks of the holders' lock and the servers


def main(data: Path) -> None:
    places = Places(data)
    signal.signal(signal.SIGTERM, _leave)
    with locks.taken(places.keeper_lock):
        places.addresses.unlink(missing_ok=True)
        servers = (Postgres(places), Valkey(places))
        try:
            for server in servers:
                server.start()
            _tell(places, {server.variable: server.url for server in servers})
            _keep(places, servers)
        finally:
            places.addresses.unlink(missing_ok=True)
            for server in servers:
                server.stop()


def _keep(places: Places, servers: tuple[Postgres | Valkey, ...]) -> None:
    """Return when no process holds the servers any more; until then restart a server that died.

    The lock taken here is kept until this process ends: a new holder waits until the servers stop.
    """
    holders = locks.open_lock(places.holders_lock)
    while not locks.try_take(holders):
        for server in servers:
            if not server.is_running():
                sys.stderr.write(f"{type(server).__name__} died; starting it again.\n")
                sys.stderr.flush()
                server.start()
        time.sleep(_LOOK)


def _tell(places: Places, addresses: dict[str, str]) -> None:
    """Writes the file in one step, because readers take its existence for readiness."""
    draft = places.addresses.with_suffix(".new")
    draft.write_text(json.dumps(addresses))
    draft.chmod(0o600)
    draft.replace(places.addresses)


def _leave(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
