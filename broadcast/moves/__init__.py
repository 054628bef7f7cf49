"""Moves messages, counters and money together, and a broadcast from status to status."""
