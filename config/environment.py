"""Reads settings from the process's environment, then from `.env`."""

from pathlib import Path
from typing import Any

import environ

BASE_DIR = Path(__file__).resolve().parent.parent


class Environment(environ.Env):  # type: ignore[misc]  # published without types
    """Treats a name with an empty value as unset, as .env.example says."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, **options: Any
    ) -> Any:
        if default is not environ.Env.NOTSET and not self.ENVIRON.get(var):
            return default
        return super().get_value(var, cast=cast, default=default, **options)


env = Environment()
env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env.str("DATA_DIR", default=BASE_DIR / ".data")).resolve()
"""The folder of a development stack: servers, logs, generated secrets."""
