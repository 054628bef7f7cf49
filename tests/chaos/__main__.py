"""`python -m tests.chaos --runs 200 --seed 1`: run i has the seed `seed + i`; one stack for all."""

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
    parser.add_argument("--fault", default="", help="this one alone, in every run")
    given = parser.parse_args()
    folder = _own_servers()
    # Django's settings are read here, so after the environment is made.
    import django  # noqa: PLC0415

    django.setup()
    from tests.chaos.suite import run_all  # noqa: PLC0415

    runs = run_all(given, points=folder / "points")
    failed = [each for each in runs if each.breaches]
    _tell(runs)
    for each in failed:
        sys.stdout.write(f"FAILED, replay with: make chaos RUNS=1 SEED={each.seed}\n")
    sys.stdout.write(f"Logs: {folder / 'log'}\n" if failed else "")
    if not failed:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed or not runs else 0


def _own_servers() -> Path:
    """A PostgreSQL and a Valkey of this suite's own: nobody else is hurt."""
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


def _tell(runs: "list") -> None:
    fired = Counter(fault for each in runs for fault in each.faults)
    statuses: Counter[str] = Counter()
    for each in runs:
        statuses.update(each.statuses)
    for name, times in sorted(fired.items()):
        sys.stdout.write(f"{times:5}  {name}\n")
    sys.stdout.write(", ".join(f"{count} {name}" for name, count in statuses.most_common()) + "\n")
    longest = max((each.seconds for each in runs), default=0.0)
    over = Counter(each.account.platform.value for each in runs)
    sys.stdout.write(
        f"Over {', '.join(f'{name} {times}' for name, times in sorted(over.items()))}\n"
        f"{len(runs)} runs, {sum(bool(each.breaches) for each in runs)} with breaches, "
        f"the longest took {longest:.0f} s\n"
    )


if __name__ == "__main__":
    sys.exit(main())
