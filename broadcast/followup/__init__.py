"""After the provider spoke: receipts, retries, fallbacks, look-ups."""
