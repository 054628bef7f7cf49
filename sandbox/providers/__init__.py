"""One folder a provider: its messages API, as the sandbox answers it."""
