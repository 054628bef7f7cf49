"""The folder of PostgreSQL's Unix socket."""

import hashlib
import os
import tempfile
from pathlib import Path

from config.embedded.errors import EmbeddedServerError

# sockaddr_un.sun_path holds 108 bytes on Linux, 104 on macOS, the closing zero included.
_LONGEST = 103 - len("/.s.PGSQL.5432.lock")


def socket_folder(cluster: Path, *, owner: int) -> Path:
    """The cluster's own folder, or a private temporary one if that path is too long."""
    if len(os.fsencode(cluster)) <= _LONGEST:
        return cluster
    name = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"broadcast-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid == os.geteuid() != owner:
        os.chown(folder, owner, -1)
    if folder.is_symlink() or folder.lstat().st_uid != owner:
        raise EmbeddedServerError(f"{folder} belongs to another user.")
    return folder
