"""Admin pages of tenants, users and memberships; Django discovers this package."""

from tenants.admin import pages

__all__ = ["pages"]
