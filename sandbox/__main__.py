"""`python -m sandbox`: serves the sandbox until SIGINT or SIGTERM."""

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
    """One flag for each field of Options; the variable SANDBOX_<FIELD> sets the flag's default."""
    command_line = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    command_line.add_argument("--host", default=os.environ.get("SANDBOX_HOST", "127.0.0.1"))
    command_line.add_argument("--port", type=int, default=os.environ.get("SANDBOX_PORT", "8090"))
    defaults = Options()
    for field in fields(Options):
        flag, default = f"--{field.name.replace('_', '-')}", getattr(defaults, field.name)
        value = os.environ.get(f"SANDBOX_{field.name.upper()}", default)
        if isinstance(default, bool):
            is_on = str(value).lower() in ("true", "1")
            command_line.add_argument(flag, action=argparse.BooleanOptionalAction, default=is_on)
        else:
            command_line.add_argument(
                flag, type=type(default), default=value, help=f"default {default!r}"
            )
    return command_line


async def serve(options: Options, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(options, host=host, port=port) as (_, bound_port):
        sys.stdout.write(f"Sandbox provider on http://{host}:{bound_port}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
