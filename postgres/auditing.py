"""How an app says what must always be true of its rows: `CHECKS` in its audit.py.

`manage.py doctor` finds the checks of all apps and runs them in one snapshot.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

Repair = Callable[[str, datetime], None]
"""Takes the subject of a breach and the time; locks and looks again: the breach may be gone."""


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` selects (subject, detail) of every breach; it sees %(since)s and %(settled)s.

    since: only what was alive after this time need be looked at; null means all. settled: what
    moved after this time may be between two transactions of a worker that is still at it.
    """

    name: str
    invariant: str
    sql: str
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    check: str
    invariant: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.check} {self.subject}: {self.detail}"
