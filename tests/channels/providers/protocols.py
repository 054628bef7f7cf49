"""The providers' published schemas and vectors, which live outside of the repository."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

_DEFAULT = Path(__file__).parents[3] / ".." / "shared" / "protocols"
DIRECTORY = Path(os.environ.get("PROTOCOLS_DIR", _DEFAULT))


def load(name: str) -> Any:
    """A file of PROTOCOLS_DIR as JSON; skips the test where it is absent."""
    path = DIRECTORY / name
    if not path.exists():
        pytest.skip(f"PROTOCOLS_DIR has no {name}")
    return json.loads(path.read_text())
