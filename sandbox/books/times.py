"""Wall-clock times as the control API reads and writes them."""

from datetime import UTC, datetime


def iso(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="microseconds")
        .replace("+00:00", "Z")
    )


def epoch_seconds(text: str) -> float:
    """Unix seconds from Unix seconds or ISO 8601 (without an offset: UTC). Raises ValueError."""
    try:
        return float(text)
    except ValueError:
        at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
