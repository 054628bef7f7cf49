"""What follows the provider's answer: receipts, look-ups, decisions, retries and fallbacks."""
