"""Our rows against the sandbox's own books, and the ledger against our rows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from demo.client import Client

# What the sandbox has told, or will → where the message ends
ENDS_AS = {None: "SENT", "sent": "SENT", "delivered": "DELIVERED", "read": "READ",
           "failed": "FAILED"}  # fmt: skip
NEVER_ACCEPTED = frozenset({"FAILED", "SUPPRESSED"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One broadcast's messages; `wrong` says of each that differs how it does."""

    ours: Counter[str]
    theirs: Counter[str]
    accepted: int
    wrong: Sequence[str]


@dataclass(slots=True)
class Money:
    """The ledger's sums and, one sentence each, what does not add up."""

    balance: Decimal = Decimal(0)
    held: Decimal = Decimal(0)
    entries: int = 0
    charged: dict[str, Decimal] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def accepted_by(sandbox: Client, *, account: str) -> Iterator[dict[str, Any]]:
    """Everything that the sandbox accepted from one account."""
    after: int | None = 0
    while after is not None:
        page = sandbox.get("/_sandbox/accepted", account=account, after=after, limit=10000)
        yield from page["results"]
        after = page["next"]


def compare(
    messages: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]]
) -> Comparison:
    """A record belongs to the message whose id it echoes, or (Telegram) that knows its id."""
    ours = list(messages)
    ids = {each["id"] for each in ours}
    of_provider = {each["provider_message_id"]: each["id"] for each in ours}
    found: dict[str, list[str]] = {}
    wrong: list[str] = []
    for record in records:
        echoed, known = record["our_id"], of_provider.get(f"{record['to']}:{record['message_id']}")
        owner = echoed if echoed in ids else known
        if owner is None:
            wrong.append(f"The sandbox accepted {record['message_id']}, which we do not know.")
        else:
            found.setdefault(owner, []).append(ENDS_AS[record["final_status"]])
    for each in ours:
        wrong += _differences(each, found.get(each["id"], []))
    theirs = Counter(end for ends in found.values() for end in ends)
    return Comparison(Counter(each["status"] for each in ours), theirs, sum(theirs.values()), wrong)


def _differences(message: Mapping[str, Any], ends: Sequence[str]) -> Iterator[str]:
    who, status = f"Message {message['id']} is {message['status']}", message["status"]
    if len(ends) > 1:
        yield f"{who}; the sandbox accepted it {len(ends)} times."
    elif not ends and status not in NEVER_ACCEPTED:
        yield f"{who}; the sandbox never accepted it."
    elif ends and status != ends[0]:
        yield f"{who}; by the sandbox it is {ends[0]}."


def add_up(
    *,
    wallet: Mapping[str, Any],
    entries: Iterable[Mapping[str, Any]],
    messages: Mapping[str, Sequence[Mapping[str, Any]]],
    costs: Mapping[str, str],
) -> Money:
    """All entries against the wallet; each broadcast's against its messages and its own cost."""
    money = Money()
    spent: dict[str, Decimal] = {}
    still_held: dict[str, Decimal] = {}
    for entry in entries:
        money.entries += 1
        balance, held = Decimal(entry["balance_delta"]), Decimal(entry["held_delta"])
        money.balance += balance
        money.held += held
        subject = entry["subject"]
        spent[subject] = spent.get(subject, Decimal(0)) - balance
        still_held[subject] = still_held.get(subject, Decimal(0)) + held
    for name, sum_of_entries in (("balance", money.balance), ("held", money.held)):
        if Decimal(wallet[name]) != sum_of_entries:
            money.wrong.append(f"The wallet's {name} is {wallet[name]}, not {sum_of_entries}.")
    for broadcast, rows in messages.items():
        subject = f"broadcast:{broadcast}"
        captured = sum(
            (Decimal(row["price"]) for row in rows if row["charge_state"] == "CAPTURED"),
            Decimal(0),
        )
        money.charged[broadcast] = captured
        for name, amount in (
            ("in the ledger", spent.get(subject, Decimal(0))),
            ("on the dashboard", Decimal(costs[broadcast])),
        ):
            if amount != captured:
                money.wrong.append(f"{captured} are charged by message, {amount} {name}.")
        if still_held.get(subject):
            money.wrong.append(f"{still_held[subject]} of a finished broadcast are still held.")
    return money
