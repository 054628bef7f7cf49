"""Endpoints of provider apps and senders."""
