"""The table of a benchmark and its JSON."""

import argparse
import json
import os
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil

from benchmarks.processes import Workers
from benchmarks.runs import Result
from benchmarks.scene import Case


class Report:
    def __init__(self, given: argparse.Namespace, *, statements: float) -> None:
        self._given = vars(given)
        self._statements = statements
        self._rounds: dict[tuple[str, str], list[tuple[Result, Result]]] = defaultdict(list)

    def add(self, case: Case, workers: Workers, *, bare: Result, engine: Result) -> None:
        self._rounds[case.name, workers.name].append((bare, engine))

    def table(self) -> str:
        head = (
            "case", "workers", "msg/s", "spread", "of bare", "CPU", "bare", "excess",
            "workers", "PG", "Valkey", "tx/msg", "in flight", "RSS MB",
        )  # fmt: skip
        lines = [head, *(self._line(*key) for key in self._rounds)]
        widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
        return (
            "".join(
                "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
                + "\n"
                for line in lines
            )
            + f"{self._statements:.3f} SQL statements a message, BEGIN and COMMIT included\n"
        )

    def _line(self, case: str, workers: str) -> tuple[str, ...]:
        rounds = self._rounds[case, workers]
        bares, engines = [bare for bare, _ in rounds], [engine for _, engine in rounds]
        speeds = [each.per_second for each in engines]
        mid = {
            name: median(getattr(each, name) for each in engines)
            for name in (
                "cpu", "cpu_workers", "cpu_postgres", "cpu_valkey", "transactions",
                "batches_in_flight", "peak_rss_mb",
            )
        }  # fmt: skip
        return (
            case,
            workers,
            f"{median(speeds):.0f}",
            f"{min(speeds):.0f}-{max(speeds):.0f}",
            f"{median(engine.per_second / bare.per_second for bare, engine in rounds):.2f}",
            f"{mid['cpu']:.3f}",
            f"{median(each.cpu for each in bares):.3f}",
            f"{median(engine.cpu - bare.cpu for bare, engine in rounds):.3f}",
            f"{mid['cpu_workers']:.3f}",
            f"{mid['cpu_postgres']:.3f}",
            f"{mid['cpu_valkey']:.3f}",
            f"{mid['transactions']:.3f}",
            f"{mid['batches_in_flight']:.1f}",
            f"{mid['peak_rss_mb']:.0f}",
        )

    def write(self, folder: Path) -> None:
        at = datetime.now(UTC)
        kept = {
            "at": at.isoformat(),
            "cores": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "given": self._given,
            "statements_per_message": self._statements,
            "runs": [
                {"case": case, "workers": workers, "bare": bare.as_json(), "engine": sent.as_json()}
                for (case, workers), rounds in self._rounds.items()
                for bare, sent in rounds
            ],
        }
        (folder / f"{at:%Y%m%dT%H%M%S}.json").write_text(json.dumps(kept, indent=1))
