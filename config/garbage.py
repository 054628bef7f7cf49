"""What a long-lived process spends on looking for cycles of objects that nobody needs."""

import gc

NEW_OBJECTS = 5_000
"""Containers by which a process grows before Python looks for cycles in what is new: a batch makes
about 1,500, and all but a few are freed without that, by their reference counts."""


def freeze_loaded_objects() -> None:
    """Called once everything is loaded: what is there by now stays.

    Django and Celery are some 150,000 objects: to go through them again and again took a fifth of
    the time of a worker that sends.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
