"""`python -m config.run`: runs the stack until Ctrl-C."""

import argparse
import signal
import sys
from types import FrameType

from config.embedded.errors import EmbeddedServerError
from config.environment import DATA_DIR
from config.ports import NoFreePort
from config.stack.stack import SANDBOX_PORT, WEB_PORT, Stack, StackError, say


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.run", description=__doc__)
    parser.add_argument("--port", type=int, default=WEB_PORT)
    parser.add_argument("--sandbox-port", type=int, default=SANDBOX_PORT)
    parser.add_argument("--logs", action="store_true", help="show the processes' logs here")
    arguments = parser.parse_args()
    stop_on_signals()
    stack = Stack(
        web_port=arguments.port, sandbox_port=arguments.sandbox_port, show_logs=arguments.logs
    )
    try:
        with stack:
            _tell(stack)
            return stack.wait()
    except KeyboardInterrupt:
        say("Stopped.")
        return 0
    except (StackError, EmbeddedServerError, NoFreePort) as error:
        say(str(error))
        return 1


def stop_on_signals() -> None:
    """Let SIGTERM and a closed terminal end the stack as Ctrl-C does: by KeyboardInterrupt."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """Ignore further signals: a second Ctrl-C would leave processes running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _tell(stack: Stack) -> None:
    say(f"API       {stack.web_url}/docs/")
    say(f"Admin     {stack.web_url}/admin/")
    say(f"Sandbox   {stack.sandbox_url}/_sandbox/summary")
    say(f"Logs      {DATA_DIR / 'log'}")
    say("Ctrl-C stops everything.")


if __name__ == "__main__":
    sys.exit(main())
