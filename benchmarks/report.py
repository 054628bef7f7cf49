"""The benchmark's report: a table and JSON."""

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
    def __init__(self, options: argparse.Namespace, *, statements: float) -> None:
        self._options = vars(options)
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
            + f"{self._statements:.3f} SQL statements per message, including BEGIN and COMMIT\n"
        )

    def _line(self, case: str, workers: str) -> tuple[str, ...]:
        rounds = self._rounds[case, workers]
        bares, engines = [bare for bare, _ in rounds], [engine for _, engine in rounds]
        speeds = [engine.per_second for engine in engines]
        medians = {
            name: median(getattr(engine, name) for engine in engines)
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
            f"{medians['cpu']:.3f}",
            f"{median(bare.cpu for bare in bares):.3f}",
            f"{median(engine.cpu - bare.cpu for bare, engine in rounds):.3f}",
            f"{medians['cpu_workers']:.3f}",
            f"{medians['cpu_postgres']:.3f}",
            f"{medians['cpu_valkey']:.3f}",
            f"{medians['transactions']:.3f}",
            f"{medians['batches_in_flight']:.1f}",
            f"{medians['peak_rss_mb']:.0f}",
        )

    def write(self, folder: Path) -> None:
        at = datetime.now(UTC)
        report = {
            "at": at.isoformat(),
            "cores": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "given": self._options,
            "statements_per_message": self._statements,
            "runs": [
                {"case": case, "workers": workers, "bare": bare.as_json(), "engine": sent.as_json()}
                for (case, workers), rounds in self._rounds.items()
                for bare, sent in rounds
            ],
        }
        (folder / f"{at:%Y%m%dT%H%M%S}.json").write_text(json.dumps(report, indent=1))
