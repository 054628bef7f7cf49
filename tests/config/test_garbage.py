"""The garbage collector skips the objects that a worker loaded at its start."""

import gc
from collections.abc import Iterator

import pytest
from celery.signals import worker_process_init

from config.garbage import NEW_OBJECTS


@pytest.fixture
def as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("as_before")
def test_a_worker_puts_what_it_loaded_out_of_the_collectors_sight() -> None:
    worker_process_init.send(sender=None)
    assert gc.get_freeze_count() > 10 * NEW_OBJECTS
    assert gc.get_threshold()[0] == NEW_OBJECTS
