"""Admin pages of wallets, entries, rates and top-ups; Django discovers this package."""

from wallet.admin import pages

__all__ = ["pages"]
