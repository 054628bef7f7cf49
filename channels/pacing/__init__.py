"""Keeps each sender within its limits, in every sliding second."""
