"""Records of every request, counted and listed."""
