"""From a valid request to the provider's answer and its webhook calls."""
