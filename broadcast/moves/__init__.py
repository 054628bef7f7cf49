"""Rows, counters and money, moved together."""
