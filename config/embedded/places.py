"""The files and folders of the embedded servers."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    data: Path

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def valkey(self) -> Path:
        return self.data / "valkey"

    @property
    def logs(self) -> Path:
        return self.data / "log"

    @property
    def addresses(self) -> Path:
        """The file with the servers' URLs; it exists while they answer."""
        return self.data / "run" / "addresses.json"

    @property
    def holders_lock(self) -> Path:
        """The lock that all users of the servers share; when it is free, the keeper stops them."""
        return self.data / "run" / "holders.lock"

    @property
    def keeper_lock(self) -> Path:
        """The lock of the only keeper."""
        return self.data / "run" / "keeper.lock"

    @property
    def start_lock(self) -> Path:
        """The lock of a process that checks whether a keeper must be started."""
        return self.data / "run" / "start.lock"

    def make(self) -> None:
        # PostgreSQL may run as another user and must pass through; the inner folders stay closed.
        self.data.mkdir(mode=0o711, parents=True, exist_ok=True)
        for folder in (self.valkey, self.logs, self.addresses.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
