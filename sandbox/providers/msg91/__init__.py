"""MSG91's API, as the sandbox answers it."""
