"""The sandbox's books: every request, counted and listed."""
