"""A short run of the chaos suite on servers of its own; `make chaos RUNS=200` is a long run."""

import os
import subprocess
import sys

import pytest

from config.environment import BASE_DIR

SEEDS = 4
"""Four seeds cover the four platforms, see tests/chaos/accounts.py."""
DEADLINE = 200.0


@pytest.mark.timeout(DEADLINE + 20)
def test_faults_cause_no_duplicate_and_no_lost_message() -> None:
    hidden = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "TEST_RUN", "DATA_DIR"}
    suite = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--runs", str(SEEDS), "--seed", "1"],
        cwd=BASE_DIR,
        env={name: value for name, value in os.environ.items() if name not in hidden},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert suite.returncode == 0, suite.stdout + suite.stderr
    assert "Over RCS 1, SMS 1, TELEGRAM 1, WHATSAPP 1" in suite.stdout
    assert f"{SEEDS} runs, 0 with breaches" in suite.stdout
