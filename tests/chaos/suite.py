"""Many runs on one stack, and a last look for messages that somebody sent twice long after."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from django.core.management import call_command

from tests.chaos.fleet import Fleet
from tests.chaos.oracle import sent_twice
from tests.chaos.run import Run, run
from tests.chaos.witness import Witness


def run_all(given: argparse.Namespace, *, points: Path) -> list[Run]:
    call_command("migrate", verbosity=0)
    runs: list[Run] = []
    with Fleet(points=points) as fleet:
        witness = Witness(fleet.sandbox_url)
        for seed in range(given.seed, given.seed + given.runs):
            runs.append(run(seed, fleet=fleet, witness=witness, only=given.fault))
            _tell(runs[-1])
        return [_looked_at_again(each, witness) for each in runs]


def _looked_at_again(each: Run, witness: Witness) -> Run:
    twice = [*each.breaches, *sent_twice(witness.accepted(each.account.books))]
    return replace(each, breaches=list(dict.fromkeys(twice)))


def _tell(done: Run) -> None:
    verdict = "ok" if not done.breaches else "BREACH"
    sys.stdout.write(
        f"seed {done.seed}: {verdict} in {done.seconds:.1f} s; {done.account.name}; "
        f"{', '.join(done.faults)}; {done.statuses}"
        + (f"; not come by: {done.missed_points}" if done.missed_points else "")
        + "\n"
    )
    for each in done.breaches[:20]:
        sys.stdout.write(f"    {each}\n")
    sys.stdout.flush()
