"""Behaviour on request: faults, and phone numbers with a meaning of their own."""
