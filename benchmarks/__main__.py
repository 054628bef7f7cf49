"""`python -m benchmarks`: measures all cases in turn; prints a table, writes .data/bench/*.json."""

import argparse
import sys

from benchmarks.accounts import PLATFORMS
from benchmarks.processes import Workers, sending_workers, stub
from benchmarks.servers import data_folder, throw_away


def main() -> None:
    options = parse_options()
    with throw_away() as servers, stub() as (stub_url, stub_process):
        # These modules import models, so they need Django on the database created just now.
        from benchmarks import runs
        from benchmarks.report import Report
        from benchmarks.scene import Case, tenant_with
        from benchmarks.statements import per_message

        cases = [
            Case(platform, latency, bool(link))
            for platform in options.platforms
            for latency in options.latency
            for link in options.links
        ]
        tenant = tenant_with(options.recipients)
        warm_up = tenant_with(200)
        report = Report(options, statements=per_message(cases[0], stub_url=stub_url))
        for processes in options.processes:
            workers = Workers(processes, options.threads)
            with sending_workers(workers, log=data_folder() / "worker.log") as tops:
                rig = runs.Rig(workers, tops, servers, stub_url, stub_process)
                for case in cases:
                    runs.engine(case, tenant=warm_up, rig=rig)
                for case in options.rounds * cases:
                    bare, engine = runs.side_by_side(
                        case, tenant=tenant, rig=rig, messages=options.recipients
                    )
                    report.add(case, workers, bare=bare, engine=engine)
        sys.stdout.write(report.table())
        report.write(data_folder())


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--threads", type=int, default=0, help="per process; 0: prefork")
    parser.add_argument("--latency", type=int, nargs="+", default=[0, 50], help="ms")
    parser.add_argument(
        "--platforms", nargs="+", choices=PLATFORMS, default=["TELEGRAM", "WHATSAPP"]
    )
    parser.add_argument("--links", type=int, nargs="+", default=[0, 1])
    parser.add_argument(
        "--quick", action="store_true", help="one short round, to see that everything works"
    )
    options = parser.parse_args()
    if options.quick:
        options.recipients, options.rounds, options.latency, options.links = 1000, 1, [0], [0]
    return options


if __name__ == "__main__":
    main()
