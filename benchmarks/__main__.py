"""`python -m benchmarks`: the matrix, interleaved; a table here and JSON under .data/bench/."""

import argparse
import sys
from contextlib import ExitStack

from benchmarks.accounts import PLATFORMS
from benchmarks.processes import Workers, sending_workers, stub
from benchmarks.servers import data_folder, throw_away


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--threads", type=int, default=0, help="0: prefork")
    parser.add_argument("--latency", type=int, nargs="+", default=[0, 50], help="ms")
    parser.add_argument(
        "--platforms", nargs="+", choices=PLATFORMS, default=["TELEGRAM", "WHATSAPP"]
    )
    parser.add_argument("--links", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--quick", action="store_true", help="a minute: does it all work?")
    given = parser.parse_args()
    if given.quick:
        given.recipients, given.rounds, given.latency, given.links = 1000, 1, [0], [0]
    with throw_away() as servers, stub() as (stub_url, stub_process):
        # What these import needs Django on the database made just now.
        from benchmarks import runs
        from benchmarks.report import Report
        from benchmarks.scene import Case, tenant_with
        from benchmarks.statements import per_message

        cases = [
            Case(platform, latency, bool(link))
            for platform in given.platforms
            for latency in given.latency
            for link in given.links
        ]
        tenant = tenant_with(given.recipients)
        warm = tenant_with(200)
        report = Report(given, statements=per_message(cases[0], stub_url=stub_url))
        for processes in given.processes:
            workers = Workers(processes, given.threads)
            with ExitStack() as stack:
                tops = stack.enter_context(
                    sending_workers(workers, log=data_folder() / "worker.log")
                )
                rig = runs.Rig(workers, tops, servers, stub_url, stub_process)
                for case in cases:
                    runs.engine(case, tenant=warm, rig=rig)
                for _ in range(given.rounds):
                    for case in cases:
                        bare, engine = runs.side_by_side(
                            case, tenant=tenant, rig=rig, messages=given.recipients
                        )
                        report.add(case, workers, bare=bare, engine=engine)
        sys.stdout.write(report.table())
        report.write(data_folder())


if __name__ == "__main__":
    main()
