"""Admin pages of contacts, tags, suppressions and imports; Django discovers this package."""

from contacts.admin import pages

__all__ = ["pages"]
