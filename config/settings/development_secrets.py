"""Secrets of a development stack: generated once and kept under `.data/`, not in the repository."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from config.environment import DATA_DIR


def development_secret(
    name: str, make: Callable[[], str], *, folder: Path = DATA_DIR / "secrets"
) -> str:
    """The secret of this name, generated on first use.

    If several processes generate the secret at once, all of them use that of the first.
    """
    file = folder / name
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder / f".{name}-{uuid4().hex}"
        draft.touch(mode=0o600)
        draft.write_text(make())
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text()
