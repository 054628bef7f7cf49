"""Real PostgreSQL and Valkey from wheels, where the environment names no servers."""

import os
from functools import cache

from config.embedded.holding import Holder
from config.environment import DATA_DIR


@cache
def serve_where_unset() -> Holder | None:
    """Fill DATABASE_URL and REDIS_URL in this process's environment where they are unset.

    The servers run at least as long as this process and whatever it forks.
    """
    if all(os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL")):
        return None
    holder = Holder(DATA_DIR)
    for name, url in holder.addresses.items():
        if not os.environ.get(name):
            os.environ[name] = url
    return holder
