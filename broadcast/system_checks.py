"""Checks that the settings fit together. Django runs the checks before it serves or migrates."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from channels.pacing.limiter import HORIZON, MAX_BATCH_SIZE


def check_lease(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A batch must be able to get all its answers before the sweep takes it back."""
    if settings.PROVIDER_TIMEOUT + HORIZON < settings.BROADCAST_BATCH_LEASE:
        return []
    return [
        Error(
            "BROADCAST_BATCH_LEASE is too short for PROVIDER_TIMEOUT: messages whose answers are "
            "still awaited would be given up as UNKNOWN.",
            hint=f"Give it more than PROVIDER_TIMEOUT and {HORIZON:g} seconds together.",
            id="broadcast.E001",
        )
    ]


def check_batches(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Without batches, or with batches of no messages, nothing would ever be sent."""
    maxima = {"BATCHES_AT_ONCE": 100, "BROADCAST_BATCH_SIZE": MAX_BATCH_SIZE}
    return [
        Error(f"{name} must be from 1 to {maximum}.", id="broadcast.E002")
        for name, maximum in maxima.items()
        if not 1 <= getattr(settings, name) <= maximum
    ]
