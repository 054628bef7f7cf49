"""Many runs on one stack, and a last check for messages that were sent twice after their run."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from django.core.management import call_command

from tests.chaos.fleet import Fleet
from tests.chaos.oracle import sent_twice
from tests.chaos.run import Run, run
from tests.chaos.witness import Witness


def run_all(options: argparse.Namespace, *, points: Path) -> list[Run]:
    call_command("migrate", verbosity=0)
    runs: list[Run] = []
    with Fleet(points=points) as fleet:
        witness = Witness(fleet.sandbox_url)
        for seed in range(options.seed, options.seed + options.runs):
            runs.append(run(seed, fleet=fleet, witness=witness, only=options.fault))
            _print_run(runs[-1])
        return [_checked_again(finished, witness) for finished in runs]


def _checked_again(finished: Run, witness: Witness) -> Run:
    breaches = [*finished.breaches, *sent_twice(witness.accepted(finished.account.books))]
    return replace(finished, breaches=list(dict.fromkeys(breaches)))


def _print_run(finished: Run) -> None:
    verdict = "ok" if not finished.breaches else "BREACH"
    sys.stdout.write(
        f"seed {finished.seed}: {verdict} in {finished.seconds:.1f} s; {finished.account.name}; "
        f"{', '.join(finished.faults)}; {finished.statuses}"
        + (f"; points not reached: {finished.missed_points}" if finished.missed_points else "")
        + "\n"
    )
    for breach in finished.breaches[:20]:
        sys.stdout.write(f"    {breach}\n")
    sys.stdout.flush()
