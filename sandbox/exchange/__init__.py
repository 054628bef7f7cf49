"""Takes a valid request and makes the provider's answer and webhook calls."""
