"""One request for many recipients: refused as a whole, or accepted for all and then answered.

If a recipient refuses, its report says so later. If a recipient's behaviour concerns the answer
(slow, never, reset …), it applies to the whole request.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from aiohttp import web

from sandbox.behaviour.faults import Refusal
from sandbox.behaviour.magic import Behaviour
from sandbox.books.witness import Record
from sandbox.exchange.single import reset, until_client_goes
from sandbox.state import Attempt, Sandbox


class GroupWords(Protocol):
    """How a protocol words its answers."""

    def refused(self, refusal: Refusal) -> web.Response: ...
    def accepted(self, records: Sequence[Record]) -> web.Response: ...
    def broken(self) -> web.Response: ...


IN_A_GROUP: Final = {
    Behaviour.REFUSED: Behaviour.FAILS_LATER,
    Behaviour.BLOCKED: Behaviour.FAILS_LATER,
    Behaviour.PAIR_LIMITED: Behaviour.DELIVERS,
}
"""Behaviours that a recipient shows differently when it is one of several in a request."""


async def exchange_group(
    request: web.Request, sandbox: Sandbox, attempts: Sequence[Attempt], words: GroupWords
) -> web.Response:
    """Accepts at once; latency and slowness only delay the answer."""
    provider, account = attempts[0].provider, attempts[0].account
    faults = sandbox.faults_of((provider, account))
    behaviours = [sandbox.behaviour_of(attempt) for attempt in attempts]
    tried = [
        (attempt, IN_A_GROUP.get(behaviour, behaviour))
        for attempt, behaviour in zip(attempts, behaviours, strict=True)
    ]
    refusals = (sandbox.refuses(attempt, behaviour) for attempt, behaviour in tried)
    if refusal := next(filter(None, refusals), None):
        sandbox.witness.refuse(provider, account, refusal.reason)
        response = words.refused(refusal)
    elif any(behaviour is Behaviour.RESETS for _, behaviour in tried):
        sandbox.witness.refuse(provider, account, "reset")
        return reset(request)
    elif faults.accept_then_error:
        faults.accept_then_error -= 1
        _accept(sandbox, tried)
        response = words.broken()
    else:
        response = await _answered(request, sandbox, tried, words)
    if pause := sandbox.options.latency + faults.latency:
        await asyncio.sleep(pause)
    return response


async def _answered(
    request: web.Request,
    sandbox: Sandbox,
    tried: Sequence[tuple[Attempt, Behaviour]],
    words: GroupWords,
) -> web.Response:
    records = _accept(sandbox, tried)
    behaviours = {behaviour for _, behaviour in tried}
    if Behaviour.NEVER_ANSWERS in behaviours:
        await until_client_goes(request, sandbox.options.hang_seconds)
        return reset(request)
    if Behaviour.ACCEPTS_THEN_RESETS in behaviours:
        return reset(request)
    if Behaviour.ACCEPTS_THEN_5XX in behaviours:
        return words.broken()
    if Behaviour.SLOW in behaviours:
        await asyncio.sleep(sandbox.options.slow_seconds)
    return words.accepted(records)


def _accept(sandbox: Sandbox, tried: Sequence[tuple[Attempt, Behaviour]]) -> list[Record]:
    return [sandbox.accept(attempt, behaviour)[0] for attempt, behaviour in tried]
