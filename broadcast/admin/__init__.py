"""Admin pages of broadcasts, messages and batches; Django discovers this package."""

from broadcast.admin import pages

__all__ = ["pages"]
