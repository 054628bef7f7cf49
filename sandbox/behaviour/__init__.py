"""Misbehaviour on request: faults of an account, and phone numbers with a set behaviour."""
