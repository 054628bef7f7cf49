"""The state of one sandbox: its books, its faults, the behaviour of each recipient."""

import base64
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeVar

from sandbox.behaviour.faults import Faults, Reason, Refusal
from sandbox.behaviour.magic import Behaviour, behaviour_by_ending
from sandbox.books.witness import Provider, Record, Status, Witness
from sandbox.options import Options
from sandbox.webhooks.deliveries import Account, Deliveries
from sandbox.webhooks.receipts import Plan, final_status, plan_receipts

ATTEMPTS_REMEMBERED: Final = 100_000
NO_FAULTS: Final = Faults()
ANY: Final = "*"

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One valid request to send one message."""

    provider: Provider
    account: str
    to: str
    our_id: str
    content_hash: str
    template: str = ""
    callback: str = ""
    segments: int = 1
    parts: int = 1
    """Each part gets receipts of its own, under `message_id` and the part's number."""
    valid_for: float | None = None
    """Seconds within which the message must be delivered, if the request sets a limit."""
    reports: frozenset[Status] = frozenset(Status)
    """The statuses that the provider reports for such a message."""
    message_id: str = ""
    """The provider's id, if the protocol makes it before the sandbox accepts the message."""
    body: Any = None
    """The parsed request; the witness shows it for its youngest messages."""
    shown: Mapping[str, str] | None = None
    """The fields that the provider's own list of messages shows, if it has such a list."""

    @property
    def message_key(self) -> str:
        return f"{self.account}:{self.to}:{self.our_id or self.content_hash}"


class Sandbox:
    """Must be created on the event loop that will run it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.started_at = time.time()
        self.witness = Witness(options.max_records)
        self.deliveries = Deliveries(options)
        self.faults: dict[Account, Faults] = {}
        self.behaviours: dict[tuple[Provider, str], Behaviour] = {}
        # Seeded and not secret: every run draws the same random failures.
        self._chance = Random(options.seed)  # noqa: S311
        self._refusals: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._chat_messages: OrderedDict[str, int] = OrderedDict()
        self._by_id: OrderedDict[str, Record] = OrderedDict()
        self._listed: OrderedDict[str, tuple[Record, Mapping[str, str]]] = OrderedDict()
        self.tokens: set[str] = set()
        self.acknowledged: Counter[tuple[str, str]] = Counter()
        """How often each pressed button, by (account, query), was answered."""
        self._id_prefix = secrets.token_hex(6)
        self._update_id = int(self.started_at)

    # --- called by the protocols ---

    def faults_of(self, account: Account) -> Faults:
        faults = self.faults.get(account)
        return faults or self.faults.get((account[0], ANY)) or NO_FAULTS

    def behaviour_of(self, attempt: Attempt) -> Behaviour:
        if behaviour := self.behaviours.get((attempt.provider, attempt.to)):
            return behaviour
        magic = self.options.magic and self.faults_of((attempt.provider, attempt.account)).magic
        return behaviour_by_ending(attempt.to) if magic else Behaviour.DELIVERS

    def refuses(self, attempt: Attempt, behaviour: Behaviour) -> Refusal | None:
        by_account = self.faults_of((attempt.provider, attempt.account)).refuses(
            template=attempt.template,
            retry_after=self.options.retry_after,
            chance=self._chance,
            now=time.monotonic(),
        )
        return by_account or self._refuses_recipient(attempt, behaviour)

    def accept(self, attempt: Attempt, behaviour: Behaviour) -> tuple[Record, Plan]:
        seq = self.witness.next_seq()
        plan = self._plan(attempt, behaviour)
        record = Record(
            provider=attempt.provider,
            account=attempt.account,
            to=attempt.to,
            message_id=self._message_id(attempt, seq),
            our_id=attempt.our_id,
            content_hash=attempt.content_hash,
            behaviour=behaviour,
            final=final_status(plan) if attempt.reports else Status.SENT,
            seq=seq,
            callback=attempt.callback,
            segments=attempt.segments,
            body=attempt.body,
            valid_for=attempt.valid_for,
        )
        self.witness.accept(record)
        if attempt.provider is Provider.RBM:
            _remember(self._by_id, attempt.message_key, record, limit=self.options.max_records)
        if attempt.shown is not None:
            _remember(self._listed, record.message_id, (record, attempt.shown))
        if plan:
            self.deliveries.plan(record, plan)
            for number in range(1, attempt.parts):
                part = copy(record)
                part.message_id = f"{record.message_id}-{number}"
                self.deliveries.plan(part, plan)
        return record, plan

    def listed(
        self, provider: Provider, account: str
    ) -> Iterator[tuple[Record, Mapping[str, str]]]:
        """An account's messages and the fields that the provider's list shows, newest first."""
        for record, shown in reversed(self._listed.values()):
            if (record.provider, record.account) == (provider, account):
                yield record, shown

    def seen(self, attempt: Attempt) -> Record | None:
        """The earlier acceptance of the same message id, for providers that ignore repeats."""
        return self._by_id.get(attempt.message_key)

    def next_update_id(self) -> int:
        self._update_id += 1
        return self._update_id

    async def forget(self, *, account: str | None) -> None:
        self.witness.forget(account=account)
        await self.deliveries.forget(account=account)
        for key in [key for key in self.faults if account in (None, key[1])]:
            del self.faults[key]
        for sid, (record, _) in list(self._listed.items()):
            if account in (None, record.account):
                del self._listed[sid]
        if account is None:
            self.behaviours.clear()
            self._refusals.clear()
            self._by_id.clear()
            self.tokens.clear()
            self.acknowledged.clear()

    # --- private ---

    def _refuses_recipient(self, attempt: Attempt, behaviour: Behaviour) -> Refusal | None:
        wait = self.options.retry_after
        match behaviour:
            case Behaviour.REFUSED:
                return Refusal(Reason.UNREACHABLE)
            case Behaviour.BLOCKED:
                return Refusal(Reason.BLOCKED)
            case Behaviour.BUSY_ONCE if self._refused_before(attempt)[0] < 1:
                return Refusal(Reason.UNAVAILABLE, wait)
            case Behaviour.RATE_LIMITED if self._is_limited(attempt):
                return Refusal(Reason.RATE_LIMITED, wait)
            case Behaviour.PAIR_LIMITED:
                return self._refuses_pair(attempt)
        return None

    def _is_limited(self, attempt: Attempt) -> bool:
        return self._refused_before(attempt)[0] < self.options.rate_limit_times

    def _refuses_pair(self, attempt: Attempt) -> Refusal | None:
        _, first = self._refused_before(attempt)
        left = first + self.options.pair_interval - time.monotonic()
        return Refusal(Reason.PAIR_LIMITED, max(1, round(left + 0.5))) if left > 0 else None

    def _refused_before(self, attempt: Attempt) -> tuple[int, float]:
        """How often and when first this message was tried before; counts this try too."""
        times, first = self._refusals.get(attempt.message_key, (0, time.monotonic()))
        _remember(self._refusals, attempt.message_key, (times + 1, first))
        return times, first

    def _plan(self, attempt: Attempt, behaviour: Behaviour) -> Plan:
        plan = plan_receipts(behaviour, attempt.our_id or attempt.message_key, self.options)
        return [(delay, status) for delay, status in plan if status in attempt.reports]

    def _message_id(self, attempt: Attempt, seq: int) -> str:
        """The provider's message id: unique everywhere for Meta, within a chat for Telegram."""
        if attempt.message_id:
            return attempt.message_id
        if attempt.provider is Provider.RBM:
            return attempt.our_id
        if attempt.provider is Provider.TWILIO:
            return f"SM{self._id_prefix}{seq:020x}"
        if attempt.provider is Provider.META:
            unique = f"{self._id_prefix}{seq:012d}".encode()
            return f"wamid.HBg{base64.b64encode(unique).decode()}"
        chat = f"{attempt.account}:{attempt.to}"
        number = self._chat_messages.get(chat, 0) + 1
        _remember(self._chat_messages, chat, number, limit=self.options.max_records)
        return str(number)


def _remember(
    entries: OrderedDict[str, V], key: str, value: V, *, limit: int = ATTEMPTS_REMEMBERED
) -> None:
    entries[key] = value
    if len(entries) > limit:
        entries.popitem(last=False)
