"""The price of a message."""
