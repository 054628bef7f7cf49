"""The faults that hit a running broadcast, and how many UNKNOWN messages each may cause."""

import time
from collections.abc import Callable
from functools import partial

from celery import current_app
from django.conf import settings
from django.utils import timezone

from api.errors import DomainError
from broadcast import lifecycle
from broadcast.engine.checkpoints import Point
from tests.chaos.chaos import CHILDREN, PER_CHILD, Chaos
from tests.chaos.full_disks import FULL_DISKS
from tests.chaos.machine_faults import MACHINE_FAULTS

PAST_THE_LEASE = settings.BROADCAST_BATCH_LEASE + 2.0


def kill_a_worker(chaos: Chaos) -> None:
    chaos.allowance += PER_CHILD
    chaos.fleet.kill_child("sending", chaos.random.randrange(CHILDREN))


def kill_the_pool(chaos: Chaos) -> None:
    chaos.allowance += CHILDREN * PER_CHILD
    chaos.fleet.kill("sending")


def orphan_the_workers(chaos: Chaos) -> None:
    chaos.allowance += CHILDREN * PER_CHILD
    chaos.fleet.kill_parent("sending")


def kill_at_a_point(chaos: Chaos) -> None:
    chaos.allowance += PER_CHILD
    point = chaos.random.choice(list(Point))
    chaos.done.append(f"at {point}")
    chaos.fleet.order_at(point, "KILL")


def stop_at_a_point(chaos: Chaos) -> None:
    chaos.allowance += PER_CHILD
    point = chaos.random.choice(list(Point))
    chaos.done.append(f"at {point}")
    chaos.fleet.order_at(point, "STOP")
    chaos.after(PAST_THE_LEASE, "wake", chaos.fleet.wake_all)


def stop_a_worker(chaos: Chaos) -> None:
    chaos.allowance += PER_CHILD
    chaos.fleet.stop_child("sending", chaos.random.randrange(CHILDREN))
    chaos.after(PAST_THE_LEASE, "wake", chaos.fleet.wake_all)


def kill_beat(chaos: Chaos) -> None:
    chaos.fleet.kill("beat")


def kill_the_other_worker(chaos: Chaos) -> None:
    chaos.fleet.kill("worker")


def kill_the_web_server(chaos: Chaos) -> None:
    chaos.fleet.kill("web")


def a_second_beat(chaos: Chaos) -> None:
    chaos.fleet.start_second_beat()
    chaos.after(5, "second beat ends", chaos.fleet.stop_second_beat)


def flush_valkey(chaos: Chaos) -> None:
    chaos.fleet.flush_valkey()


def restart_postgres(chaos: Chaos) -> None:
    chaos.allowance += CHILDREN * PER_CHILD
    chaos.fleet.restart_postgres()


def deliver_tasks_twice(chaos: Chaos) -> None:
    for _ in range(8):
        current_app.send_task("broadcast.tasks.serve", queue="sending")


def pause_and_resume(chaos: Chaos) -> None:
    control(chaos, "pause")
    chaos.after(chaos.random.uniform(0.1, 1.5), "resume", partial(resume, chaos))


def resume(chaos: Chaos) -> None:
    control(chaos, "resume")


def cancel(chaos: Chaos) -> None:
    if control(chaos, "cancel"):
        chaos.cancelled_by = time.time()


def a_storm_of_limits(chaos: Chaos) -> None:
    _misbehave(chaos, storm_seconds=1)


def accepted_then_5xx(chaos: Chaos) -> None:
    count = chaos.random.randrange(1, 5)
    chaos.allowance += count * chaos.scenario.at_once
    _misbehave(chaos, accept_then_error=count)


def slow_answers(chaos: Chaos) -> None:
    _misbehave(chaos, latency=0.6)


def _misbehave(chaos: Chaos, **faults: object) -> None:
    account = chaos.scenario.account
    chaos.witness.misbehave(account.sandbox, account.books, **faults)


def control(chaos: Chaos, action: str) -> bool:
    """A user's call; False if it was refused. Raises Error while the database is unavailable."""
    actions = {"pause": lifecycle.pause, "resume": lifecycle.resume, "cancel": lifecycle.cancel}
    scenario = chaos.scenario
    try:
        actions[action](
            tenant=scenario.tenant, broadcast_id=scenario.broadcast.pk, now=timezone.now()
        )
    except DomainError:
        return False
    return True


FAULTS: dict[str, Callable[[Chaos], None]] = (
    {
        fault.__name__: fault
        for fault in (
            kill_a_worker,
            kill_the_pool,
            orphan_the_workers,
            kill_at_a_point,
            stop_at_a_point,
            stop_a_worker,
            kill_beat,
            kill_the_other_worker,
            kill_the_web_server,
            a_second_beat,
            flush_valkey,
            restart_postgres,
            deliver_tasks_twice,
            pause_and_resume,
            cancel,
            a_storm_of_limits,
            accepted_then_5xx,
            slow_answers,
        )
    }
    | MACHINE_FAULTS
    | FULL_DISKS
)
# These two stand for many faults each, one per named point, so they weigh double.
WEIGHTS = [4 if name in {"kill_at_a_point", "stop_at_a_point"} else 2 for name in FAULTS]
