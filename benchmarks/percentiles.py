"""Percentiles of durations."""

from collections.abc import Sequence
from math import ceil


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 by nearest rank, and the maximum."""
    ranked = sorted(seconds)
    durations = {f"p{p}": ranked[ceil(len(ranked) * p / 100) - 1] for p in (50, 95, 99)}
    durations["max"] = ranked[-1]
    return {name: round(duration, 3) for name, duration in durations.items()}
