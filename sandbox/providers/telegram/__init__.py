"""Telegram's Bot API, as the sandbox answers it."""
