"""Endpoints of short links, and the redirect."""
