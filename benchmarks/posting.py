"""`python -m benchmarks.posting`: posts prepared requests at a steady rate; prints the counts.

It plays the provider in a burst of receipts and must cost little beside what is measured: it reads
complete, signed requests from a file, each after its length, and keeps its raw connections open.
"""

import argparse
import asyncio
import json
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LENGTH = struct.Struct(">I")
AT_ONCE = 32
OK = b"HTTP/1.1 200"


def write_requests(requests: Iterator[bytes], path: Path) -> None:
    with path.open("wb") as file:
        for request in requests:
            file.write(LENGTH.pack(len(request)) + request)


def read(file: BinaryIO) -> Iterator[bytes]:
    while head := file.read(LENGTH.size):
        yield file.read(LENGTH.unpack(head)[0])


async def post_all(path: Path, *, port: int, rate: float) -> dict[str, float]:
    """The counts; `late` is how many seconds the last call was delayed by a slow server."""
    with path.open("rb") as file:
        numbered = enumerate(read(file))
        began = time.monotonic()
        counts = await asyncio.gather(
            *(_post(numbered, port=port, rate=rate, began=began) for _ in range(AT_ONCE))
        )
    posted, refused = (sum(pair[n] for pair in counts) for n in (0, 1))
    seconds = time.monotonic() - began
    return {
        "posted": posted,
        "refused": refused,
        "per_second": round(posted / seconds, 1),
        "late": round(max(0.0, seconds - posted / rate), 1),
        "cpu_seconds": round(time.process_time(), 2),
    }


async def _post(
    numbered: Iterator[tuple[int, bytes]], *, port: int, rate: float, began: float
) -> tuple[int, int]:
    posted = refused = 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, request in numbered:
        if (wait := began + number / rate - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length(head))
        posted += 1
        refused += not head.startswith(OK)
        if b"connection: close" in head.lower():
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    return posted, refused


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.posting", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    options = parser.parse_args()
    result = asyncio.run(post_all(options.path, port=options.port, rate=options.rate))
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
