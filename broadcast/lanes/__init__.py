"""Lanes: which lane is served next, when a lane sleeps, and when it wakes."""
