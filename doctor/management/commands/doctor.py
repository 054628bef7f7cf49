"""`manage.py doctor`: checks every invariant on live data; exits non-zero if one is broken."""

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from doctor.checkup import all_checks, check_up


class Command(BaseCommand):
    help = "Check the invariants of docs/design.md on live data, in one snapshot."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="Mend what is safe: recount counters, wake lanes, sweep and finish what is stuck.",
        )
        parser.add_argument(
            "--days", type=int, help="Leave out broadcasts that were over so many days ago."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        since = None if options["days"] is None else now - timedelta(days=options["days"])
        checkup = check_up(now=now, since=since, mend=options["repair"])
        for breach in checkup.breaches:
            line = f"{breach['check']} [{breach['invariant']}] {breach['subject']}: "
            self.stdout.write(line + breach["detail"])
        if checkup.repaired:
            self.stdout.write(f"Tried to repair {checkup.repaired}.")
        checks = sum(1 for _ in all_checks())
        self.stdout.write(
            f"{checkup.breach_count} breaches in {checks} checks, {checkup.seconds:.1f} s."
        )
        if checkup.breach_count:
            sys.exit(1)
