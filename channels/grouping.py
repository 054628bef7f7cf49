"""Which messages share a request, and what its answer means for each of them."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

from channels.adapter import (
    Adapter,
    GroupAdapter,
    HttpRequest,
    HttpResponse,
    OutboundMessage,
    Outcome,
    SenderAccount,
)

Group = Sequence[OutboundMessage]


def groups_of(adapter: Adapter, messages: Sequence[OutboundMessage]) -> list[Group]:
    """Messages in their order, cut at the adapter's `max_recipients`; alone where that is 1."""
    most = adapter.capabilities.max_recipients
    if most == 1 or not isinstance(adapter, GroupAdapter):
        return [(message,) for message in messages]
    alike: dict[Hashable, list[OutboundMessage]] = defaultdict(list)
    for message in messages:
        alike[adapter.group_key(message)].append(message)
    return [
        together[start : start + most]
        for together in alike.values()
        for start in range(0, len(together), most)
    ]


def request_of(adapter: Adapter, account: SenderAccount, group: Group) -> HttpRequest:
    if isinstance(adapter, GroupAdapter):
        return adapter.group_request(account, group)
    (message,) = group
    return adapter.send_request(account, message)


def outcomes_of(adapter: Adapter, response: HttpResponse, group: Group) -> Sequence[Outcome]:
    """One a message; raises ValueError where the adapter gives another number."""
    if not isinstance(adapter, GroupAdapter):
        return (adapter.send_outcome(response),)
    outcomes = adapter.group_outcomes(response, group)
    if len(outcomes) != len(group):
        raise ValueError("The adapter's outcomes are not one a message.")
    return outcomes
