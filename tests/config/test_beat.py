"""Tasks that beat sends to the workers."""

import pytest
from django.conf import settings

CLOCKS_DIFFER = 10.0
"""Seconds by which the clocks of two machines may differ."""


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_no_task_expires_because_two_clocks_differ(name: str) -> None:
    """Beat's clock sets a task's expiry, and the worker's clock checks it."""
    assert settings.CELERY_BEAT_SCHEDULE[name]["options"]["expires"] > CLOCKS_DIFFER
