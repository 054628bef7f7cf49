"""The account that PostgreSQL runs as: it refuses root, so root starts it as another account."""

import os
import pwd
import shutil
import signal
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from config.embedded.errors import EmbeddedServerError
from config.embedded.processes import dies_with_parent

_ROOTS_STAND_IN = "nobody"  # exists on every system, so no account has to be made


def owner_of(folder: Path) -> int:
    """The account that the server in this folder runs as."""
    owner = folder.stat().st_uid
    if os.geteuid() == 0:
        return owner or pwd.getpwnam(_ROOTS_STAND_IN).pw_uid
    if owner != os.geteuid():
        raise EmbeddedServerError(f"{folder} is another user's; remove it or run as that one.")
    return owner


def as_account(
    command: list[str], *, owner: int, reach: Iterable[Path]
) -> tuple[list[str], dict[str, Any]]:
    """The command and Popen's options that run it as `owner`, ending when its starter ends."""
    options: dict[str, Any] = {"preexec_fn": dies_with_parent(signal.SIGINT)}
    if owner == os.geteuid():
        return command, options
    group = pwd.getpwuid(owner).pw_gid
    if all(_others_may_reach(path) for path in reach):
        return command, {**options, "user": owner, "group": group, "extra_groups": []}
    return [*_with_passage(owner, group), *command], {}


def _others_may_reach(path: Path) -> bool:
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))


def _with_passage(owner: int, group: int) -> list[str]:
    """The command that lets the account pass through folders that only root may enter.

    A repository under a 0700 home stays closed to all others: the permission is a capability of
    this process, not a change of the folders.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedServerError(
            "PostgreSQL cannot run as root, and no other user can reach this folder. Move the "
            "repository, run as another user, install util-linux (setpriv), or set DATABASE_URL."
        )
    identity = [f"--reuid={owner}", f"--regid={group}", "--clear-groups", "--pdeathsig=INT"]
    # Without the last option access(2), which PostgreSQL calls, ignores capabilities.
    passage = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [setpriv, *identity, *passage, "--securebits=+no_setuid_fixup"]
