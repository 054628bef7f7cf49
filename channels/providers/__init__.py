"""One folder a provider, the registry that lists them, and what several of them share."""
