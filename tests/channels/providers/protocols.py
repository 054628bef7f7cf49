"""The providers' published schemas and test vectors, stored outside of the repository."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

_DEFAULT = Path(__file__).parents[3] / ".." / "shared" / "protocols"
DIRECTORY = Path(os.environ.get("PROTOCOLS_DIR", _DEFAULT))


def load(name: str) -> Any:
    """Reads a JSON file of PROTOCOLS_DIR; skips the test if the file is absent."""
    path = DIRECTORY / name
    if not path.exists():
        pytest.skip(f"PROTOCOLS_DIR has no {name}")
    return json.loads(path.read_text())
