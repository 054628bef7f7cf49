"""Totals of the accepted messages, with their duplicates and each account's fastest second."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.books.witness import Record

LISTED = 100
"""Most repeats that are listed; their total is always complete."""


def summarise(records: Iterable[Record]) -> dict[str, Any]:
    """Totals of `records`, given in order of acceptance; pure, so a thread can run it."""
    accepted = list(records)
    duplicates = _repeated(
        accepted, lambda record: record.our_id or f"{record.to}:{record.content_hash}"
    )
    recipients = _repeated(accepted, lambda record: record.to)
    return {
        "accepted": len(accepted),
        "accepted_by_provider": dict(Counter(str(record.provider) for record in accepted)),
        "accepted_by_account": dict(Counter(_account(record) for record in accepted)),
        "final_status": dict(Counter(str(record.final or "none") for record in accepted)),
        "duplicates": len(duplicates),
        "duplicate_messages": duplicates[:LISTED],
        "recipients_repeated": len(recipients),
        "repeated_recipients": recipients[:LISTED],
        "max_per_second": _fastest_second(accepted, lambda _: 1),
        "max_segments_per_second": _fastest_second(accepted, lambda record: record.segments),
    }


def _account(record: Record) -> str:
    return f"{record.provider}:{record.account}"


def _repeated(records: list[Record], key: Callable[[Record], str]) -> list[dict[str, Any]]:
    seen: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        seen[_account(record), key(record)].append(record)
    return [_described(repeats) for repeats in seen.values() if len(repeats) > 1]


def _described(repeats: list[Record]) -> dict[str, Any]:
    return {
        "provider": repeats[0].provider,
        "account": repeats[0].account,
        "to": repeats[0].to,
        "times": len(repeats),
        "our_ids": sorted({record.our_id for record in repeats if record.our_id}),
        "message_ids": [record.message_id for record in repeats],
    }


def _fastest_second(records: list[Record], units: Callable[[Record], int]) -> dict[str, int]:
    """The most units that each account had accepted within any one second (sliding window)."""
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
