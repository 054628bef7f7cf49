"""Secrets of a development stack: generated once, kept under `.data/`, never in the repository."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from config.environment import DATA_DIR


def remembered(name: str, make: Callable[[], str], *, folder: Path = DATA_DIR / "secrets") -> str:
    """The secret of this name. If several processes make it at once, all use the first one."""
    place = folder / name
    if not place.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder / f".{name}-{uuid4().hex}"
        draft.touch(mode=0o600)
        draft.write_text(make())
        with suppress(FileExistsError):
            os.link(draft, place)
        draft.unlink()
    return place.read_text()
