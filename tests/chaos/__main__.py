"""`python -m tests.chaos --runs 200 --seed 1`: run i has seed `seed + i`; all share one stack."""

import argparse
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp

BASE_DIR = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault", default="", help="only one of these faults in every run: a,b,c")
    options = parser.parse_args()
    folder = _own_servers()
    # django.setup reads the settings, so the environment must be set before.
    import django  # noqa: PLC0415

    django.setup()
    from tests.chaos.suite import run_all  # noqa: PLC0415

    runs = run_all(options, points=folder / "points")
    failed = [run for run in runs if run.breaches]
    _print_summary(runs)
    for run in failed:
        sys.stdout.write(f"FAILED, replay with: make chaos RUNS=1 SEED={run.seed}\n")
    sys.stdout.write(f"Logs: {folder / 'log'}\n" if failed else "")
    if not failed:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed or not runs else 0


def _own_servers() -> Path:
    """Starts this suite's own PostgreSQL and Valkey, so that faults hit no other process."""
    parent = BASE_DIR / ".data"
    parent.mkdir(mode=0o711, exist_ok=True)
    folder = Path(mkdtemp(prefix="chaos-", dir=parent))
    folder.chmod(0o711)
    (folder / "points").mkdir()
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ["DATA_DIR"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.chaos.settings"
    from config.embedded import serve_where_unset  # noqa: PLC0415 - reads DATA_DIR

    serve_where_unset()
    return folder


def _print_summary(runs: "list") -> None:
    fired = Counter(fault for run in runs for fault in run.faults)
    statuses: Counter[str] = Counter()
    for run in runs:
        statuses.update(run.statuses)
    for name, times in sorted(fired.items()):
        sys.stdout.write(f"{times:5}  {name}\n")
    sys.stdout.write(", ".join(f"{count} {name}" for name, count in statuses.most_common()) + "\n")
    longest = max((run.seconds for run in runs), default=0.0)
    platforms = Counter(run.account.platform.value for run in runs)
    sys.stdout.write(
        f"Over {', '.join(f'{name} {times}' for name, times in sorted(platforms.items()))}\n"
        f"{len(runs)} runs, {sum(bool(run.breaches) for run in runs)} with breaches, "
        f"the longest took {longest:.0f} s\n"
    )


if __name__ == "__main__":
    sys.exit(main())
