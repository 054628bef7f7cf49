"""Lanes: whose turn it is, and when."""
