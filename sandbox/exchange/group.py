"""One request for many recipients: refused as a whole, or accepted for all and then answered.

A recipient that refuses is found out later, by its report; one whose behaviour is about the answer
(slow, never, reset …) decides for the whole request.
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
    """How a protocol says it."""

    def refused(self, refusal: Refusal) -> web.Response: ...
    def accepted(self, records: Sequence[Record]) -> web.Response: ...
    def broken(self) -> web.Response: ...


LATER: Final = {
    Behaviour.REFUSED: Behaviour.FAILS_LATER,
    Behaviour.BLOCKED: Behaviour.FAILS_LATER,
    Behaviour.PAIR_LIMITED: Behaviour.DELIVERS,
}


async def exchange_group(
    request: web.Request, sandbox: Sandbox, attempts: Sequence[Attempt], words: GroupWords
) -> web.Response:
    """Accepting happens at once; latency and slowness only hold the answer back."""
    provider, account = attempts[0].provider, attempts[0].account
    faults = sandbox.faults_of((provider, account))
    known = [(each, sandbox.behaviour_of(each)) for each in attempts]
    tried = [(attempt, LATER.get(behaviour, behaviour)) for attempt, behaviour in known]
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
