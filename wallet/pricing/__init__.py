"""Prices of messages: tariffs, segments and rounding."""
