"""The broadcast app's invariants as SQL, which the doctor checks, and their repairs."""

from broadcast.audit.checks import CHECKS

__all__ = ["CHECKS"]
