"""The commands that start the stack's processes."""

import subprocess
import sys
from pathlib import Path

from config.stack.commands import commands


def niceness(name: str) -> int:
    """The niceness of a process that is started with the command `name`."""
    command = commands(web_port=1, sandbox_port=2, schedule=Path("schedule"))[name]
    prefix = command[: command.index(sys.executable)]
    program = "import os; print(os.nice(0))"
    return int(subprocess.check_output([*prefix, sys.executable, "-c", program]))


def test_the_web_server_yields_to_sending() -> None:
    niceness_by_name = {name: niceness(name) for name in ("web", "worker", "beat", "sending")}

    own = niceness_by_name["sending"]
    assert niceness_by_name == {"web": own + 5, "worker": own, "beat": own, "sending": own}
