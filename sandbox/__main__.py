"""`python -m sandbox`: serves until SIGINT or SIGTERM."""

import argparse
import asyncio
import os
import signal
import sys
from dataclasses import fields

from sandbox.options import Options
from sandbox.server import serving


def main() -> None:
    arguments = vars(parser().parse_args())
    host, port = arguments.pop("host"), arguments.pop("port")
    asyncio.run(serve(Options(**arguments), host, port))


def parser() -> argparse.ArgumentParser:
    """One flag for each field of Options; SANDBOX_<FIELD> in the environment sets its default."""
    made = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    made.add_argument("--host", default=os.environ.get("SANDBOX_HOST", "127.0.0.1"))
    made.add_argument("--port", type=int, default=os.environ.get("SANDBOX_PORT", "8090"))
    defaults = Options()
    for field in fields(Options):
        flag, default = f"--{field.name.replace('_', '-')}", getattr(defaults, field.name)
        told = os.environ.get(f"SANDBOX_{field.name.upper()}", default)
        if isinstance(default, bool):
            is_on = str(told).lower() in ("true", "1")
            made.add_argument(flag, action=argparse.BooleanOptionalAction, default=is_on)
        else:
            made.add_argument(flag, type=type(default), default=told, help=f"default {default!r}")
    return made


async def serve(options: Options, host: str, port: int) -> None:
    stop = asyncio.Event()
    for caught in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(caught, stop.set)
    async with serving(options, host=host, port=port) as (_, bound):
        sys.stdout.write(f"Sandbox provider on http://{host}:{bound}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
