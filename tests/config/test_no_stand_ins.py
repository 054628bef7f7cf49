"""No second code path: no code runs on stand-ins for Celery, PostgreSQL or Redis."""

import re
from collections.abc import Iterator
from pathlib import Path

from config.environment import BASE_DIR

# Each name is in two parts, so that the test does not find this file.
NAMES = (
    ("always_", "eager"),
    ("sql", "ite3"),
    ("backends.sql", "ite"),
    ("fake", "redis"),
    ("mock", "redis"),
    ("cache.backends.loc", "mem"),
    ("cache.backends.dum", "my"),
)
STAND_IN = re.compile("|".join(re.escape(a + b) for a, b in NAMES), re.IGNORECASE)


def sources() -> Iterator[Path]:
    yield from (BASE_DIR / name for name in ("pyproject.toml", "Makefile", ".env.example"))
    yield from (BASE_DIR / "requirements").glob("*.in")
    for folder in BASE_DIR.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            yield from folder.rglob("*.py")


def test_nothing_stands_in_for_celery_postgresql_or_redis() -> None:
    files = list(sources())
    assert len(files) > 100
    stand_ins = [
        f"{path.relative_to(BASE_DIR)}: {match.group()}"
        for path in files
        for match in STAND_IN.finditer(path.read_text(encoding="utf-8"))
    ]
    assert stand_ins == []
