"""Endpoints of replies and conversations."""
