"""Endpoints of contacts, tags, suppressions and imports."""
