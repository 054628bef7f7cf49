"""The sandbox provider: an HTTP server that speaks Meta's and Telegram's protocols."""
