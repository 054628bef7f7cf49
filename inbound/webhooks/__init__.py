"""Takes a provider's call: verify, store raw, answer."""
