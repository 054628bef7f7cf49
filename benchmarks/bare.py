"""`python -m benchmarks.bare`: the upper limit: the engine's HTTP client and requests alone.

Each process sends its share in groups of the batch size, `--at-once` groups side by side.
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
    options = parser.parse_args()
    account = _account(options)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()  # all processes start at the same time
    wall, cpu = time.perf_counter(), time.process_time()
    accepted = uvloop.run(_run(options, account))
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    sys.stdout.write(json.dumps({**seconds, "accepted": accepted}) + "\n")


async def _run(options: argparse.Namespace, account: SenderAccount) -> int:
    messages = _messages(options)
    groups = iter(lambda: list(islice(messages, options.batch)), [])
    async with new_session() as session:
        adapter = adapter_for(account.provider)

        async def send(message: OutboundMessage) -> bool:
            request = prepare(adapter.send_request(account, message), timeout=TIMEOUT)
            answer = await exchange(session, request)
            outcome = adapter.send_outcome(answer) if isinstance(answer, HttpResponse) else None
            return outcome is not None and outcome.kind is OutcomeKind.ACCEPTED

        async def send_groups() -> int:
            accepted = 0
            for group in groups:
                accepted += sum(await asyncio.gather(*(send(message) for message in group)))
            return accepted

        return sum(await asyncio.gather(*(send_groups() for _ in range(options.at_once))))


def _account(options: argparse.Namespace) -> SenderAccount:
    """An account ready to send: its access token is fetched before the clock starts."""
    account = account_on(options.platform)
    sender = SenderAccount(
        provider=account.provider,
        base_url=options.url,
        account_id=account.account_id,
        credentials=account.credentials,
        platform=Platform(options.platform),
    )
    return authorized(sender, adapter_for(account.provider)).account


def _messages(options: argparse.Namespace) -> Iterator[OutboundMessage]:
    text = text_as_sent(options.platform, link=options.link)
    for number in range(options.messages):
        content = (
            TemplateContent("winter_sale", "en", body=(Parameter(text),))
            if options.platform == Platform.WHATSAPP
            else TextContent(text)
        )
        to = f"{1000000 + number}" if options.platform == Platform.TELEGRAM else f"+4915{number:09}"
        yield OutboundMessage(id=UUID(int=number), to=to, content=content)


if __name__ == "__main__":
    main()
