"""Starts the processes of `make run`, on servers of its own in a temporary folder.

A benchmark must enter `own_stack` before it imports any module that reads the environment, so it
imports such modules inside its functions.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config.stack.stack import Stack

WEB_PORT = 18100
SANDBOX_PORT = 18190
APP_SECRET = "a-made-up-app-secret"  # noqa: S105 - signs the sandbox's own calls
STOP_DEADLINE = 60.0  # seconds
_HOME = Path(os.environ.get("DATA_DIR") or Path(__file__).resolve().parents[1] / ".data")


@contextmanager
def own_stack(**environment: str) -> Iterator["Stack"]:
    """The running stack; sets up Django in this process on the stack's database.

    `environment` is for the stack's processes. After an error, the folder stays for its logs.
    """
    _HOME.mkdir(mode=0o711, exist_ok=True)
    folder = Path(mkdtemp(prefix="bench-", dir=_HOME))
    folder.chmod(0o711)
    # Set to "", not removed: a developer's .env would set them again.
    own = {"DATA_DIR": str(folder), "DATABASE_URL": "", "REDIS_URL": ""}
    os.environ.update(own, DJANGO_SETTINGS_MODULE="config.settings.base")
    import django

    from config.ports import free_port
    from config.stack.stack import Stack

    web_port = free_port(WEB_PORT)
    stack = Stack(
        web_port=web_port,
        sandbox_port=SANDBOX_PORT,
        environment={**_sandbox(web_port), **environment},
    )
    try:
        with stack:
            django.setup()
            yield stack
    except BaseException:
        sys.stderr.write(f"Logs: {folder / 'log'}\n")
        raise
    _throw_away(folder)


def _sandbox(web_port: int) -> dict[str, str]:
    """The sandbox's environment, which still names its webhooks after a kill and restart."""
    token = endpoint_token("{account}")
    return {
        "SANDBOX_MAGIC": "false",
        "SANDBOX_META_WEBHOOK_URL": f"http://localhost:{web_port}/webhooks/meta_cloud/{token}/",
        "SANDBOX_META_APP_SECRET": APP_SECRET,
    }


def endpoint_token(account: str) -> str:
    """The endpoint token of the provider app of this account at Meta."""
    return f"of-the-bench-{account}"


def _throw_away(folder: Path) -> None:
    """Releases the servers, waits until they have stopped, and removes the folder."""
    from django.db import connection

    from config.embedded import serve_where_unset
    from config.embedded.locks import is_taken
    from config.embedded.places import Places

    connection.close()
    holder = serve_where_unset()
    assert holder is not None
    os.close(holder.fd)
    deadline = time.monotonic() + STOP_DEADLINE
    while is_taken(Places(folder).keeper_lock) and time.monotonic() < deadline:
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


def write_result(name: str, figures: Any) -> None:
    """Prints the figures and writes them to .data/bench/<name>.json."""
    text = json.dumps(figures, indent=2)
    folder = _HOME / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(text)
    sys.stdout.write(f"{text}\n")


def log(text: str) -> None:
    """Prints a line with its time."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    with suppress(BrokenPipeError):
        sys.stdout.flush()
