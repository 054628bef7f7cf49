"""Vonage's SMS API, as the sandbox answers it."""
