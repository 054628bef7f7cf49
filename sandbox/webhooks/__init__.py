"""Webhook calls as the providers make them: their bodies, and their delivery."""
