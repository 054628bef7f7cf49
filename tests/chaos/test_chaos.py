"""A short run of the chaos suite, on servers of its own: `make chaos RUNS=200` is the long one."""

import os
import subprocess
import sys

import pytest

from config.environment import BASE_DIR

SEEDS = 4
"""One of each platform: tests/chaos/accounts.py."""
DEADLINE = 200.0


@pytest.mark.timeout(DEADLINE + 20)
def test_what_is_killed_and_confused_sends_nothing_twice_and_loses_nothing() -> None:
    hidden = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "TEST_RUN", "DATA_DIR"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--runs", str(SEEDS), "--seed", "1"],
        cwd=BASE_DIR,
        env={name: value for name, value in os.environ.items() if name not in hidden},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Over RCS 1, SMS 1, TELEGRAM 1, WHATSAPP 1" in done.stdout
    assert f"{SEEDS} runs, 0 with breaches" in done.stdout
