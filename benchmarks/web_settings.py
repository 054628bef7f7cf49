"""The base settings with the benchmark's routes."""

from config.settings.base import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
