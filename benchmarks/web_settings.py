"""The development settings, with a route that does nothing to measure others beside."""

from config.settings.base import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
