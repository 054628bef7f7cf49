"""Whether the settings fit together; Django asks before it serves or migrates."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from channels.pacing import HORIZON


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


def check_numbers(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """With none of either, workers are busy and nothing is ever sent."""
    return [
        Error(f"{name} has to be at least 1.", id="broadcast.E002")
        for name in ("BATCHES_AT_ONCE", "BROADCAST_BATCH_SIZE")
        if getattr(settings, name) < 1
    ]
