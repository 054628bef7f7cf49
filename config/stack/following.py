"""Shows log files on the terminal as they grow; each line begins with its file's name."""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

_LOOK = 0.3  # seconds


class Follower:
    def __init__(self) -> None:
        self._offsets: dict[Path, int] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="logs", daemon=True)

    def start(self, logs: Sequence[Path]) -> None:
        self._offsets = dict.fromkeys(logs, 0)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _follow(self) -> None:
        while not self._stopping.wait(_LOOK):
            self._show_news()
        self._show_news()

    def _show_news(self) -> None:
        for log, offset in self._offsets.items():
            whole_lines = _read_from(log, offset).rpartition(b"\n")[0]
            for line in whole_lines.splitlines():
                sys.stderr.write(f"{log.stem:>8} | {line.decode(errors='replace')}\n")
            self._offsets[log] = offset + len(whole_lines) + bool(whole_lines)


def _read_from(log: Path, offset: int) -> bytes:
    with log.open("rb") as file:
        file.seek(offset)
        return file.read()
