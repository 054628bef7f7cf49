"""The faults of an account, set through the control API, and whether one applies now."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Final


class Reason(StrEnum):
    """Why a request is refused; each protocol words its answer in its own way."""

    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    PAIR_LIMITED = "pair_limited"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 (a reason, not a password)
    TEMPLATE_PAUSED = "template_paused"


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: Reason
    retry_after: int = 0


@dataclass(slots=True)
class Faults:
    """One account's faults; `storm_until` is monotonic time, `accept_then_error` counts down."""

    latency: float = 0.0
    rate_limit: int = 0
    failure_share: float = 0.0
    failure: Reason = Reason.UNAVAILABLE
    token: str = ""
    token_revoked: bool = False
    paused_templates: frozenset[str] = frozenset()
    storm_until: float = 0.0
    accept_then_error: int = 0
    magic: bool = True
    taken_at: deque[float] = field(default_factory=deque)

    def change(self, wanted: Mapping[str, Any], *, now: float) -> None:
        """Sets the named faults, keeps the others. Raises KeyError (unknown name), ValueError."""
        for name, value in wanted.items():
            attribute, converted = CONVERTERS[name](value, now)
            setattr(self, attribute, converted)

    def as_json(self, *, now: float) -> dict[str, Any]:
        return {
            "latency": self.latency,
            "rate_limit": self.rate_limit,
            "failure_share": self.failure_share,
            "failure": self.failure,
            "token_set": bool(self.token),
            "token_revoked": self.token_revoked,
            "paused_templates": sorted(self.paused_templates),
            "storm_seconds": round(max(0.0, self.storm_until - now), 3),
            "accept_then_error": self.accept_then_error,
            "magic": self.magic,
        }

    def refuses_token(self, token: str) -> bool:
        return self.token_revoked or bool(self.token and self.token != token)

    def refuses(
        self, *, template: str, retry_after: int, chance: Random, now: float
    ) -> Refusal | None:
        """Why the request is refused; if it is not, it takes a place in this second's limit."""
        if now < self.storm_until:
            return Refusal(
                Reason.RATE_LIMITED, max(retry_after, round(self.storm_until - now + 0.5))
            )
        if template and not self.paused_templates.isdisjoint({template, "*"}):
            return Refusal(Reason.TEMPLATE_PAUSED)
        if self.failure_share and chance.random() < self.failure_share:
            return Refusal(self.failure, retry_after)
        if self.rate_limit and not self._take_place(now):
            return Refusal(Reason.RATE_LIMITED, retry_after)
        return None

    def _take_place(self, now: float) -> bool:
        while self.taken_at and self.taken_at[0] <= now - 1:
            self.taken_at.popleft()
        if len(self.taken_at) >= self.rate_limit:
            return False
        self.taken_at.append(now)
        return True


def _at_least_zero(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{value!r} is not a number of at least 0")
    return float(value)


def _share(value: Any) -> float:
    if _at_least_zero(value) > 1:
        raise ValueError(f"{value!r} is not between 0 and 1")
    return float(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not true or false")  # noqa: TRY004 (becomes a 400)
    return value


def _names(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{value!r} is not a list of names")
    return frozenset(value)


CONVERTERS: Final[dict[str, Callable[[Any, float], tuple[str, Any]]]] = {
    "latency": lambda value, now: ("latency", _at_least_zero(value)),
    "rate_limit": lambda value, now: ("rate_limit", int(_at_least_zero(value))),
    "failure_share": lambda value, now: ("failure_share", _share(value)),
    "failure": lambda value, now: ("failure", Reason(value)),
    "token": lambda value, now: ("token", str(value)),
    "token_revoked": lambda value, now: ("token_revoked", _flag(value)),
    "paused_templates": lambda value, now: ("paused_templates", _names(value)),
    "storm_seconds": lambda value, now: ("storm_until", now + _at_least_zero(value)),
    "accept_then_error": lambda value, now: ("accept_then_error", int(_at_least_zero(value))),
    "magic": lambda value, now: ("magic", _flag(value)),
}
