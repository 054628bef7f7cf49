"""`python -m benchmarks.ledger`: the cost of the wallet when all batches charge the same wallet.

Each of N connections settles batches of 50 (one capture each) against a hold of its own on one
wallet: statements and commits only, no messages. It also measures how much longer settling 50
messages with their counters takes if the messages have a price.
"""

import argparse
import json
import sys
from statistics import median

from benchmarks.servers import data_folder, throw_away

PER_BATCH = 50
CONNECTIONS = (1, 2, 4, 8)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("--batches", type=int, default=400, help="per connection")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with throw_away():
        # This module imports models, so it needs Django on the database created just now.
        from benchmarks.ledger_runs import settled_per_second, share_of_a_batch

        rates = {
            n: sorted(settled_per_second(n, batches=options.batches) for _ in range(options.rounds))
            for n in CONNECTIONS
        }
        share = share_of_a_batch(batches=100)
    _report(rates, share)


def _report(rates: dict[int, list[float]], share: dict[str, float]) -> None:
    _say("connections  batches/s (median)  spread           messages/s")
    for n, rounds in rates.items():
        middle = median(rounds)
        _say(
            f"{n:11}  {middle:18.0f}  {rounds[0]:6.0f} … {rounds[-1]:6.0f}  "
            f"{middle * PER_BATCH:11.0f}"
        )
    _say(
        f"settling a batch: {share['settle_ms']:.2f} ms, of which the wallet "
        f"{share['ledger_ms']:.2f} ms ({share['share']:.0%})"
    )
    path = data_folder() / "ledger.json"
    path.write_text(json.dumps({"batches_per_second": rates, "batch": share}, indent=1))
    _say(f"→ {path}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
