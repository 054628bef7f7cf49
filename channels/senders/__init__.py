"""Actions on a sender: choose, check, connect and switch it."""
