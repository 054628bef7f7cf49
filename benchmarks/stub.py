"""`python -m benchmarks.stub`: the cheapest possible provider, on a raw socket protocol.

The sandbox checks and remembers every message, which would dominate a benchmark. The stub answers
as Telegram, Meta, Twilio and Google, with only the bytes that their adapters read, and issues
Google's tokens. The path sets the latency: `/50ms/bot<token>/sendMessage`. `GET /log/<account>`
returns the times at which the account's messages arrived, as JSON.
"""

import asyncio
import json
import sys
import time
from array import array
from collections import defaultdict
from typing import cast
from urllib.parse import parse_qsl

import uvloop

HOST = "127.0.0.1"
TOKEN = b'{"access_token":"ya29.made-up","expires_in":3599,"token_type":"Bearer"}'


class Stub(asyncio.Protocol):
    """One connection, whose requests are answered in order."""

    taken: "defaultdict[str, array[float]]" = defaultdict(lambda: array("d"))

    def __init__(self) -> None:
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport does not inherit from asyncio.Transport.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while self._answer_one():
            pass

    def _answer_one(self) -> bool:
        """Answers one request; False if no complete request has arrived."""
        head, separator, rest = self._unread.partition(b"\r\n\r\n")
        if not separator:
            return False
        length = _length(head)
        if len(rest) < length:
            return False
        body, self._unread = rest[:length], rest[length:]
        path = head.split(b" ", 2)[1].decode()
        answer, delay = self._answer(path, body)
        raw = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        wire = raw % (len(answer), answer)
        if delay:
            asyncio.get_running_loop().call_later(delay, self._transport.write, wire)
        else:
            self._transport.write(wire)
        return True

    def _answer(self, path: str, body: bytes) -> tuple[bytes, float]:
        """The answer's body and its delay in seconds."""
        _, first, second, *_ = [*path.split("/"), "", ""]
        if first == "log":
            return json.dumps(list(self.taken[second])).encode(), 0.0
        delay = int(first.removesuffix("ms")) / 1000
        if second.startswith("bot"):
            account = second.removeprefix("bot").partition(":")[0]
            chat = json.loads(body)["chat_id"]
            answer = b'{"ok":true,"result":{"message_id":%d,"chat":{"id":%d}}}'
            number = self._take(account)
            return answer % (number, chat), delay
        if second == "2010-04-01":
            number = self._take(path.split("/")[4])
            return b'{"sid":"SM%032x","status":"queued"}' % number, delay
        if second == "token":
            return TOKEN, delay
        if second == "v1":
            query = dict(parse_qsl(path.partition("?")[2]))
            self._take(query["agentId"])
            return b'{"name":"phones/+1/agentMessages/%b"}' % query["messageId"].encode(), delay
        number = self._take(path.split("/")[3])
        answer = b'{"messages":[{"id":"wamid.%d","message_status":"accepted"}]}'
        return answer % number, delay

    def _take(self, account: str) -> int:
        self.taken[account].append(time.time())
        return len(self.taken[account])


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    return int(lower[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Stub, HOST, 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
