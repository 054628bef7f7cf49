"""What beat tells the workers to look at."""

import pytest
from django.conf import settings

CLOCKS_DIFFER = 10.0
"""Seconds between two machines that nobody has set for a while."""


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_no_look_is_dropped_for_what_two_machines_clocks_differ_by(name: str) -> None:
    """Whether a task has expired is judged by the worker's clock, and its time was beat's."""
    assert settings.CELERY_BEAT_SCHEDULE[name]["options"]["expires"] > CLOCKS_DIFFER
