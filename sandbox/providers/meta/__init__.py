"""Meta's WhatsApp Cloud API, as the sandbox answers it."""
