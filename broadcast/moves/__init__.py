"""Moves rows, counters and money together."""
