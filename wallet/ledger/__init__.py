"""Moves money: top-up, hold, capture, release; and lists what was moved."""
