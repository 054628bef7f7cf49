"""Where the embedded servers keep what they have."""

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
        """The servers' URLs, there while they answer."""
        return self.data / "run" / "addresses.json"

    @property
    def holders_lock(self) -> Path:
        """Shared by every process that uses the servers; the keeper stops them when it is free."""
        return self.data / "run" / "holders.lock"

    @property
    def keeper_lock(self) -> Path:
        """Taken by the one keeper."""
        return self.data / "run" / "keeper.lock"

    @property
    def start_lock(self) -> Path:
        """Taken by the one who looks whether a keeper must be started."""
        return self.data / "run" / "start.lock"

    def make(self) -> None:
        # PostgreSQL may have to pass through as another user; the folders within stay closed.
        self.data.mkdir(mode=0o711, parents=True, exist_ok=True)
        for folder in (self.valkey, self.logs, self.addresses.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
