"""`python -m config.checks`: everything that can be checked without running the tests.

It prints a line per check, and the output of a check only if it fails.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key

from config.environment import BASE_DIR

BIN = Path(sys.executable).parent
MANAGE = (sys.executable, "manage.py")
DOCUMENT = BASE_DIR / ".data" / "openapi.yaml"
"""Where the check "schema" writes the OpenAPI document for the check "document"."""

CHECKS: Mapping[str, tuple[str, ...]] = {
    "format": (f"{BIN}/ruff", "format", "--check", "--output-format", "concise", "."),
    "lint": (f"{BIN}/ruff", "check", "--output-format", "concise", "."),
    "types": (f"{BIN}/mypy", "."),
    "layers": (f"{BIN}/lint-imports",),
    "migrations": (*MANAGE, "makemigrations", "--check", "--dry-run"),
    "deployment": (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
    "schema": (*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file", str(DOCUMENT)),
    # The check before it looks only at the document's shape. This one also looks at references,
    # path parameters, operation ids, and defaults against their schemas.
    "document": (f"{BIN}/openapi-spec-validator", "--validation-errors", "all", str(DOCUMENT)),
}


def main() -> int:
    DOCUMENT.parent.mkdir(exist_ok=True)
    failed = [name for name, command in CHECKS.items() if not _passes(name, command)]
    if failed:
        _say(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def _passes(name: str, command: tuple[str, ...]) -> bool:
    began = time.monotonic()
    extra = _production() if name == "deployment" else {}
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        cwd=BASE_DIR,
        env={**os.environ, **extra},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    _say(f"{name:12} {verdict:6} {time.monotonic() - began:5.1f} s")
    if done.returncode:
        _say(f"{' '.join(command)}\n{done.stdout}")
    return done.returncode == 0


def _production() -> dict[str, str]:
    """A made-up environment that production accepts; the check connects to nothing."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": get_random_secret_key() * 2,
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": "postgres://broadcast:not-a-real-password@db.invalid:5432/broadcast",
        "REDIS_URL": "redis://redis.invalid:6379/0",
        "ALLOWED_HOSTS": "broadcast.example.com",
        "PUBLIC_URL": "https://broadcast.example.com",
        "TRUSTED_PROXIES": "1",
    }


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
