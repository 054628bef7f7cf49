"""`python -m benchmarks.bare`: the limit. The engine's own client and requests, and nothing else.

A process sends its share in groups of the batch size, `--at-once` groups side by side.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from uuid import UUID

import uvloop

from benchmarks.accounts import account_on, text_as_sent
from channels.delivery.access_tokens import authorized
from channels.http.transport import exchange, new_session, prepare
from channels.platforms import Platform
from channels.port.http_calls import HttpResponse
from channels.port.messages import (
    OutboundMessage,
    Parameter,
    SenderAccount,
    TemplateContent,
    TextContent,
)
from channels.port.outcomes import OutcomeKind
from channels.providers.registry import adapter_for

TIMEOUT = 30.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--platform", required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    parser.add_argument("--link", action="store_true")
    given = parser.parse_args()
    account = _account(given)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()  # every process starts at once
    wall, cpu = time.perf_counter(), time.process_time()
    accepted = uvloop.run(_run(given, account))
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    sys.stdout.write(json.dumps({**spent, "accepted": accepted}) + "\n")


async def _run(given: argparse.Namespace, account: SenderAccount) -> int:
    messages = _messages(given)
    groups = iter(lambda: list(islice(messages, given.batch)), [])
    async with new_session() as session:
        adapter = adapter_for(account.provider)

        async def one(message: OutboundMessage) -> bool:
            request = prepare(adapter.send_request(account, message), timeout=TIMEOUT)
            answer = await exchange(session, request)
            outcome = adapter.send_outcome(answer) if isinstance(answer, HttpResponse) else None
            return outcome is not None and outcome.kind is OutcomeKind.ACCEPTED

        async def chain() -> int:
            done = 0
            for group in groups:
                done += sum(await asyncio.gather(*(one(each) for each in group)))
            return done

        return sum(await asyncio.gather(*(chain() for _ in range(given.at_once))))


def _account(given: argparse.Namespace) -> SenderAccount:
    """Ready to send: a token that has to be fetched is there before the clock starts."""
    account = account_on(given.platform)
    bare = SenderAccount(
        provider=account.provider,
        base_url=given.url,
        account_id=account.account_id,
        credentials=account.credentials,
        platform=Platform(given.platform),
    )
    return authorized(bare, adapter_for(account.provider)).account


def _messages(given: argparse.Namespace) -> Iterator[OutboundMessage]:
    text = text_as_sent(given.platform, link=given.link)
    for number in range(given.messages):
        content = (
            TemplateContent("winter_sale", "en", body=(Parameter(text),))
            if given.platform == Platform.WHATSAPP
            else TextContent(text)
        )
        to = f"{1000000 + number}" if given.platform == Platform.TELEGRAM else f"+4915{number:09}"
        yield OutboundMessage(id=UUID(int=number), to=to, content=content)


if __name__ == "__main__":
    main()
