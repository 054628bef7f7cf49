"""Gupshup's API, as the sandbox answers it."""
