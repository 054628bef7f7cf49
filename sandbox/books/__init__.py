"""What the sandbox has seen: every request, counted and listed."""
