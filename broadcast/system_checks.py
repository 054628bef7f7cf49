"""Whether the settings fit together; Django asks before it serves or migrates."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from channels.pacing.limiter import HORIZON, MAX_BATCH_SIZE


def check_lease(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A batch must be able to hear all its answers before the sweep takes it back."""
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
    """With no batch, or batches of none, nothing would ever be sent."""
    bounds = {"BATCHES_AT_ONCE": 100, "BROADCAST_BATCH_SIZE": MAX_BATCH_SIZE}
    return [
        Error(f"{name} must be from 1 to {most}.", id="broadcast.E002")
        for name, most in bounds.items()
        if not 1 <= getattr(settings, name) <= most
    ]
