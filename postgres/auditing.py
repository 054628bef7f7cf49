"""The type of an app's invariants: each app lists them as `CHECKS` in its `audit`.

`manage.py doctor` finds the checks of all apps and runs them in one snapshot.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

Repair = Callable[[str, datetime], None]
"""Takes a breach's subject and the time; locks and checks again, as the breach may be gone."""


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` selects (subject, detail) of every breach; its parameters are `since` and `settled`.

    `since`: rows that ended earlier may be skipped; null means none. `settled`: rows that moved
    later may be between two transactions of a working process.
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
