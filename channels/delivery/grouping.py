"""Which messages share a request, and what its answer means for each of them."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import cast

from channels.port.adapter import Adapter, GroupAdapter
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import OutboundMessage, SenderAccount
from channels.port.outcomes import Outcome

Group = Sequence[OutboundMessage]


def groups_of(adapter: Adapter, messages: Sequence[OutboundMessage]) -> list[Group]:
    """Messages in their order, cut at the adapter's `max_recipients`; alone where that is 1."""
    most, grouping = adapter.capabilities.max_recipients, _grouping(adapter)
    if grouping is None:
        return [(message,) for message in messages]
    alike: dict[Hashable, list[OutboundMessage]] = defaultdict(list)
    for message in messages:
        alike[grouping.group_key(message)].append(message)
    return [
        together[start : start + most]
        for together in alike.values()
        for start in range(0, len(together), most)
    ]


def request_of(adapter: Adapter, account: SenderAccount, group: Group) -> HttpRequest:
    if grouping := _grouping(adapter):
        return grouping.group_request(account, group)
    (message,) = group
    return adapter.send_request(account, message)


def outcomes_of(adapter: Adapter, response: HttpResponse, group: Group) -> Sequence[Outcome]:
    """One a message; raises ValueError where the adapter gives another number."""
    grouping = _grouping(adapter)
    if grouping is None:
        return (adapter.send_outcome(response),)
    outcomes = grouping.group_outcomes(response, group)
    if len(outcomes) != len(group):
        raise ValueError("The adapter's outcomes are not one a message.")
    return outcomes


def _grouping(adapter: Adapter) -> GroupAdapter | None:
    """By the number alone: to ask a protocol costs more than to build a request.

    The adapters' contract test asks it once.
    """
    return cast("GroupAdapter", adapter) if adapter.capabilities.max_recipients > 1 else None
