"""Totals of what was accepted: duplicates and the fastest second among them."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.books.witness import Record

LISTED = 100
"""Repeats listed one by one; their number is always told whole."""


def summarise(records: Iterable[Record]) -> dict[str, Any]:
    """Of records in the order of accepting; pure, so that it can run off the event loop."""
    chosen = list(records)
    duplicates = _repeated(
        chosen, lambda record: record.our_id or f"{record.to}:{record.content_hash}"
    )
    recipients = _repeated(chosen, lambda record: record.to)
    return {
        "accepted": len(chosen),
        "accepted_by_provider": dict(Counter(str(record.provider) for record in chosen)),
        "accepted_by_account": dict(Counter(_account(record) for record in chosen)),
        "final_status": dict(Counter(str(record.final or "none") for record in chosen)),
        "duplicates": len(duplicates),
        "duplicate_messages": duplicates[:LISTED],
        "recipients_repeated": len(recipients),
        "repeated_recipients": recipients[:LISTED],
        "max_per_second": _fastest_second(chosen, lambda _: 1),
        "max_segments_per_second": _fastest_second(chosen, lambda record: record.segments),
    }


def _account(record: Record) -> str:
    return f"{record.provider}:{record.account}"


def _repeated(records: list[Record], key: Callable[[Record], str]) -> list[dict[str, Any]]:
    seen: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        seen[_account(record), key(record)].append(record)
    return [_described(same) for same in seen.values() if len(same) > 1]


def _described(same: list[Record]) -> dict[str, Any]:
    return {
        "provider": same[0].provider,
        "account": same[0].account,
        "to": same[0].to,
        "times": len(same),
        "our_ids": sorted({record.our_id for record in same if record.our_id}),
        "message_ids": [record.message_id for record in same],
    }


def _fastest_second(records: list[Record], units: Callable[[Record], int]) -> dict[str, int]:
    """The most units accepted in any one second, sliding, by account."""
    windows: defaultdict[str, deque[Record]] = defaultdict(deque)
    within: Counter[str] = Counter()
    fastest: Counter[str] = Counter()
    for record in records:
        account = _account(record)
        window = windows[account]
        window.append(record)
        within[account] += units(record)
        while window[0].monotonic <= record.monotonic - 1:
            within[account] -= units(window.popleft())
        fastest[account] = max(fastest[account], within[account])
    return dict(fastest)
