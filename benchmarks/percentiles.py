"""What a row of durations comes to."""

from collections.abc import Sequence
from math import ceil


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 by nearest rank, and the longest."""
    ranked = sorted(seconds)
    named = {f"p{p}": ranked[ceil(len(ranked) * p / 100) - 1] for p in (50, 95, 99)}
    return {name: round(each, 3) for name, each in (named | {"max": ranked[-1]}).items()}
