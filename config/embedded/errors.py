"""Errors of the embedded servers."""

from pathlib import Path

_TAIL = 2000  # characters of a log that an error shows


class EmbeddedServerError(Exception):
    """An embedded server could not be made or started."""

    @classmethod
    def with_log(cls, what: str, log: Path) -> "EmbeddedServerError":
        tail = log.read_text(errors="replace")[-_TAIL:] if log.exists() else "(no log)"
        return cls(f"{what} The end of {log}:\n{tail}")
