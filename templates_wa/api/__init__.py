"""Endpoints of WhatsApp templates."""
