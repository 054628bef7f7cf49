"""Endpoints of broadcasts, their estimates, messages and controls."""
