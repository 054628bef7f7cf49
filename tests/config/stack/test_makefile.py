"""`make e2e` with and without a browser, with an apt-get that installs nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from config.environment import BASE_DIR


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Stand-ins of the programs that the target calls; each records its name."""
    for name in ("id", "apt-get", "python"):
        tool = tmp_path / name
        tool.write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/calls"\necho 0\n')
        tool.chmod(0o755)
    return tmp_path


def make_e2e(tools: Path, *, chromium: str) -> tuple[int, str, str]:
    # Without the options of a `make test` that runs this test.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    make = subprocess.run(
        ["make", "-o", "dev", "e2e", f"BIN={tools}", f"CHROMIUM={chromium}"],  # noqa: S607
        cwd=BASE_DIR,
        env={**environment, "PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    calls = tools / "calls"
    return make.returncode, make.stderr, calls.read_text() if calls.exists() else ""


def test_a_named_browser_that_is_missing_is_said_and_no_other_is_installed(tools: Path) -> None:
    code, errors, calls = make_e2e(tools, chromium="/nowhere/chrome")

    assert (code, "apt-get" in calls, "pytest" in calls) == (2, False, False)
    assert "/nowhere/chrome" in errors


def test_a_browser_that_is_there_is_used(tools: Path) -> None:
    code, _, calls = make_e2e(tools, chromium=str(tools / "id"))

    assert (code, calls) == (0, "python -m pytest tests/e2e\n")
