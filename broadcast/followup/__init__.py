"""Follows messages after the provider answered: receipts, retries, fallbacks, look-ups."""
