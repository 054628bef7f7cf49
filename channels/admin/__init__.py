"""Admin pages of provider apps and senders; Django discovers this package."""

from channels.admin import pages

__all__ = ["pages"]
