"""Relations between settings that hold in every deployment: the system checks enforce them."""

import re

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings

from broadcast.engine.pipeline import SERVES_FOR_AT_MOST
from broadcast.engine.reserving import HEAD_START
from broadcast.tasks import HINT_LASTS
from channels.http.client import HAND_OFF_SECONDS
from channels.http.transport import GRACE_SECONDS
from channels.pacing.limiter import HORIZON, MAX_BATCH_SIZE
from config.celery import app
from config.environment import BASE_DIR


@pytest.mark.parametrize(("beyond", "errors"), [(0.0, ["broadcast.E001"]), (0.1, [])])
def test_the_lease_outlasts_a_requests_time_out(beyond: float, errors: list[str]) -> None:
    with override_settings(BROADCAST_BATCH_LEASE=settings.PROVIDER_TIMEOUT + HORIZON + beyond):
        ids = [str(check.id) for check in run_checks()]
    assert [check_id for check_id in ids if check_id.startswith("broadcast.")] == errors


@pytest.mark.parametrize(
    ("name", "value", "names_setting"),
    [
        ("BATCHES_AT_ONCE", 0, [True]),
        ("BATCHES_AT_ONCE", 1, []),
        ("BROADCAST_BATCH_SIZE", 0, [True]),
        ("BROADCAST_BATCH_SIZE", MAX_BATCH_SIZE, []),
        ("BROADCAST_BATCH_SIZE", MAX_BATCH_SIZE + 1, [True]),
    ],
)
def test_there_are_batches_and_none_is_too_large(
    name: str, value: int, names_setting: list[bool]
) -> None:
    with override_settings(**{name: value}):
        messages = [check.msg for check in run_checks() if check.id == "broadcast.E002"]
    assert [name in message for message in messages] == names_setting


def test_a_worker_that_is_told_to_end_has_time_for_all_that_its_task_may_begin() -> None:
    """The worst last batch is paced up to the horizon and answered at the last moment."""
    begun_by = SERVES_FOR_AT_MOST + HEAD_START + HORIZON
    answered_by = begun_by + settings.PROVIDER_TIMEOUT + GRACE_SECONDS + HAND_OFF_SECONDS
    (allowed,) = re.findall(
        r"stop_grace_period: (\d+)s", (BASE_DIR / "docker-compose.yml").read_text()
    )
    assert answered_by < int(allowed)
    assert answered_by < HINT_LASTS


def test_a_task_is_lost_to_nobody_and_taken_one_at_a_time() -> None:
    conf = app.conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost) == (True, True)
    assert (conf.worker_prefetch_multiplier, conf.task_soft_time_limit) == (1, None)
    assert conf.task_time_limit > settings.BROADCAST_BATCH_LEASE
    assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit
