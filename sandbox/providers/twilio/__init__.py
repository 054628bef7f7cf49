"""Twilio's Messages API, as the sandbox answers it."""
