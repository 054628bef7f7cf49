"""Times that must be longer than others, whatever a deployment sets."""

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings

from channels.pacing import HORIZON
from config.celery import app


@pytest.mark.parametrize(("beyond", "errors"), [(0.0, ["broadcast.E001"]), (0.1, [])])
def test_the_lease_outlasts_a_requests_time_out(beyond: float, errors: list[str]) -> None:
    with override_settings(BROADCAST_BATCH_LEASE=settings.PROVIDER_TIMEOUT + HORIZON + beyond):
        found = [each.id for each in run_checks() if str(each.id).startswith("broadcast.")]
    assert found == errors


@pytest.mark.parametrize("name", ["BATCHES_AT_ONCE", "BROADCAST_BATCH_SIZE"])
@pytest.mark.parametrize(("number", "errors"), [(0, ["broadcast.E002"]), (1, [])])
def test_nothing_is_set_so_that_nothing_is_ever_sent(
    name: str, number: int, errors: list[str]
) -> None:
    with override_settings(**{name: number}):
        found = [each for each in run_checks() if str(each.id).startswith("broadcast.")]
    assert [each.id for each in found] == errors
    assert all(name in each.msg for each in found)


def test_a_task_is_lost_to_nobody_and_taken_one_at_a_time() -> None:
    conf = app.conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost) == (True, True)
    assert (conf.worker_prefetch_multiplier, conf.task_soft_time_limit) == (1, None)
    assert conf.task_time_limit > settings.BROADCAST_BATCH_LEASE
    assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit
