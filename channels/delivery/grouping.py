"""Decides which messages share a request and what the answer means for each of them."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import cast

from channels.port.adapter import Adapter, GroupAdapter
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import OutboundMessage, SenderAccount
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind

Group = Sequence[OutboundMessage]


def groups_of(adapter: Adapter, messages: Sequence[OutboundMessage]) -> list[Group]:
    """Group messages by the adapter's key, in order, at most `max_recipients` per group."""
    most, grouping = adapter.capabilities.max_recipients, _grouping(adapter)
    if grouping is None:
        return [(message,) for message in messages]
    by_key: dict[Hashable, list[OutboundMessage]] = defaultdict(list)
    for message in messages:
        by_key[grouping.group_key(message)].append(message)
    return [
        alike[start : start + most]
        for alike in by_key.values()
        for start in range(0, len(alike), most)
    ]


def request_of(adapter: Adapter, account: SenderAccount, group: Group) -> HttpRequest:
    if grouping := _grouping(adapter):
        return grouping.group_request(account, group)
    (message,) = group
    return adapter.send_request(account, message)


def outcomes_of(adapter: Adapter, response: HttpResponse, group: Group) -> Sequence[Outcome]:
    """One outcome per message, in their order. Raises ValueError if their number differs."""
    grouping = _grouping(adapter)
    if grouping is None:
        return (adapter.send_outcome(response),)
    outcomes = grouping.group_outcomes(response, group)
    if len(outcomes) != len(group):
        raise ValueError("The adapter's outcomes are not one per message.")
    return outcomes


def is_about_one(outcomes: Sequence[Outcome]) -> bool:
    """Whether a request was refused for one of its messages, without saying for which one.

    Such a refusal is no verdict on the others, and none of the messages was taken, so each can be
    sent in a request of its own. A refusal of the configuration concerns all of them.
    """
    first = outcomes[0]
    is_shared = len(outcomes) > 1 and all(outcome == first for outcome in outcomes)
    is_refusal = first.kind is OutcomeKind.PERMANENT and first.cause is not FailureCause.CONFIG
    return is_shared and is_refusal


def _grouping(adapter: Adapter) -> GroupAdapter | None:
    """The adapter as a GroupAdapter, or None if it takes one recipient per request.

    Only the number decides: an isinstance check of the protocol costs more than building a request.
    The adapters' contract test makes that check.
    """
    return cast("GroupAdapter", adapter) if adapter.capabilities.max_recipients > 1 else None
