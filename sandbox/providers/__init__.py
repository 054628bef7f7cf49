"""One folder per provider: the provider's API, as the sandbox answers it."""
