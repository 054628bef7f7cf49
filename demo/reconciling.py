"""Compares our messages with the sandbox's books, and the ledger with our messages."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from demo.client import Client

# Final status in the sandbox's books → final status of our message
ENDS_AS = {None: "SENT", "sent": "SENT", "delivered": "DELIVERED", "read": "READ",
           "failed": "FAILED"}  # fmt: skip
NEVER_ACCEPTED = frozenset({"FAILED", "SUPPRESSED"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One broadcast's messages by status; `wrong` holds a sentence for each difference."""

    ours: Counter[str]
    theirs: Counter[str]
    accepted: int
    wrong: Sequence[str]


@dataclass(slots=True)
class Money:
    """The ledger's sums; `wrong` holds a sentence for each sum that does not add up."""

    balance: Decimal = Decimal(0)
    held: Decimal = Decimal(0)
    entries: int = 0
    charged: dict[str, Decimal] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def accepted_by(sandbox: Client, *, account: str) -> Iterator[dict[str, Any]]:
    """All messages that the sandbox accepted from one account."""
    after: int | None = 0
    while after is not None:
        page = sandbox.get("/_sandbox/accepted", account=account, after=after, limit=10000)
        yield from page["results"]
        after = page["next"]


def compare(
    messages: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]]
) -> Comparison:
    """Compares messages with records, matched by our id or (Telegram) by the provider's id."""
    ours = list(messages)
    ids = {message["id"] for message in ours}
    by_provider_id = {message["provider_message_id"]: message["id"] for message in ours}
    ends_by_id: dict[str, list[str]] = {}
    wrong: list[str] = []
    for record in records:
        provider_id = f"{record['to']}:{record['message_id']}"
        our_id = record["our_id"] if record["our_id"] in ids else by_provider_id.get(provider_id)
        if our_id is None:
            wrong.append(f"The sandbox accepted {record['message_id']}, which we do not know.")
        else:
            ends_by_id.setdefault(our_id, []).append(ENDS_AS[record["final_status"]])
    for message in ours:
        wrong += _differences(message, ends_by_id.get(message["id"], []))
    theirs = Counter(end for ends in ends_by_id.values() for end in ends)
    by_status = Counter(message["status"] for message in ours)
    return Comparison(by_status, theirs, sum(theirs.values()), wrong)


def _differences(message: Mapping[str, Any], ends: Sequence[str]) -> Iterator[str]:
    fact, status = f"Message {message['id']} is {message['status']}", message["status"]
    if len(ends) > 1:
        yield f"{fact}; the sandbox accepted it {len(ends)} times."
    elif not ends and status not in NEVER_ACCEPTED:
        yield f"{fact}; the sandbox never accepted it."
    elif ends and status != ends[0]:
        yield f"{fact}; in the sandbox's books it is {ends[0]}."


def add_up(
    *,
    wallet: Mapping[str, Any],
    entries: Iterable[Mapping[str, Any]],
    messages: Mapping[str, Sequence[Mapping[str, Any]]],
    costs: Mapping[str, str],
) -> Money:
    """Compares all entries with the wallet, and each broadcast's with its messages and cost."""
    money = Money()
    spent: defaultdict[str, Decimal] = defaultdict(Decimal)
    still_held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        balance, held = Decimal(entry["balance_delta"]), Decimal(entry["held_delta"])
        money.entries += 1
        money.balance += balance
        money.held += held
        spent[entry["subject"]] -= balance
        still_held[entry["subject"]] += held
    for name, total in (("balance", money.balance), ("held", money.held)):
        if Decimal(wallet[name]) != total:
            money.wrong.append(f"The wallet's {name} is {wallet[name]}, not {total}.")
    for broadcast, rows in messages.items():
        subject = f"broadcast:{broadcast}"
        captured = money.charged[broadcast] = _captured(rows)
        for name, amount in (
            ("in the ledger", spent[subject]),
            ("on the dashboard", Decimal(costs[broadcast])),
        ):
            if amount != captured:
                money.wrong.append(f"{captured} are charged by message, {amount} {name}.")
        if still_held[subject]:
            money.wrong.append(f"{still_held[subject]} of a finished broadcast are still held.")
    return money


def _captured(messages: Sequence[Mapping[str, Any]]) -> Decimal:
    prices = (Decimal(row["price"]) for row in messages if row["charge_state"] == "CAPTURED")
    return sum(prices, Decimal(0))
