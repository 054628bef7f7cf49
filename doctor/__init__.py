"""Checks every invariant on live data."""
