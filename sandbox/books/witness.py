"""The messages that the sandbox accepted and its counts of refusals."""

import time
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Any

from sandbox.behaviour.magic import Behaviour
from sandbox.books.times import iso

BODIES_KEPT = 1_000
"""Requests kept as they came; of others only the hash is kept (a body has about 1 KB)."""


class Provider(StrEnum):
    META = "meta"
    TELEGRAM = "telegram"
    TWILIO = "twilio"
    RBM = "rbm"
    VONAGE = "vonage"
    MSG91 = "msg91"
    GUPSHUP = "gupshup"


class Status(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class Record:
    """One accepted message. `reported` holds the statuses whose webhook was answered with 2xx.

    `callback`: the URL for receipts, if the request named one. `segments`: the parts of an SMS.
    `body`: the request, kept for the youngest messages only.
    """

    __slots__ = (
        "accepted_at",
        "account",
        "behaviour",
        "body",
        "callback",
        "content_hash",
        "final",
        "message_id",
        "monotonic",
        "our_id",
        "provider",
        "reported",
        "segments",
        "seq",
        "to",
        "valid_for",
    )  # fmt: skip

    def __init__(
        self, *, provider: Provider, account: str, to: str, message_id: str, our_id: str,
        content_hash: str, behaviour: Behaviour, final: Status | None, seq: int, callback: str = "",
        segments: int = 1,
        body: Any = None,
        valid_for: float | None = None,
    ) -> None:  # fmt: skip
        self.provider = provider
        self.account = account
        self.to = to
        self.message_id = message_id
        self.our_id = our_id
        self.content_hash = content_hash
        self.behaviour = behaviour
        self.final = final
        self.seq = seq
        self.callback = callback
        self.segments = segments
        self.body = body
        self.valid_for = valid_for
        self.reported: tuple[Status, ...] = ()
        self.accepted_at = time.time()
        self.monotonic = time.monotonic()

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "provider": self.provider,
            "account": self.account,
            "to": self.to,
            "segments": self.segments,
            "message_id": self.message_id,
            "our_id": self.our_id,
            "content_hash": self.content_hash,
            "accepted_at": iso(self.accepted_at),
            "monotonic": self.monotonic,
            "behaviour": self.behaviour,
            "final_status": self.final,
            "valid_for": self.valid_for,
            "reported": list(self.reported),
        }

    def has_id(self, name: str) -> bool:
        return name in (self.our_id, self.message_id, f"{self.to}:{self.message_id}")


class Witness:
    """Remembers the last `limit` accepted messages, in order of acceptance."""

    def __init__(self, limit: int) -> None:
        self.records: deque[Record] = deque(maxlen=limit)
        self.accepted = 0
        self.last_seq = 0
        self.refused: Counter[tuple[Provider, str, str]] = Counter()
        self._with_bodies: deque[Record] = deque(maxlen=BODIES_KEPT)

    def accept(self, record: Record) -> None:
        self.accepted += 1
        self.records.append(record)
        if record.body is None:
            return
        if len(self._with_bodies) == BODIES_KEPT:
            self._with_bodies[0].body = None
        self._with_bodies.append(record)

    def next_seq(self) -> int:
        self.last_seq += 1
        return self.last_seq

    def refuse(self, provider: Provider, account: str, kind: str) -> None:
        self.refused[provider, account, kind] += 1

    @property
    def forgotten(self) -> int:
        return self.accepted - len(self.records)

    def after(self, seq: int) -> Iterator[Record]:
        start = bisect_right(self.records, seq, key=lambda record: record.seq)
        return islice(self.records, start, None)

    def forget(self, *, account: str | None) -> None:
        """Forgets one account, or everything. Sequence numbers continue."""
        kept = [record for record in self.records if account not in (None, record.account)]
        self.records = deque(kept, maxlen=self.records.maxlen)
        self.accepted = len(kept)
        for key in [key for key in self.refused if account in (None, key[1])]:
            del self.refused[key]
