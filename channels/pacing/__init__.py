"""Keeps a sender's limits in every sliding second."""
