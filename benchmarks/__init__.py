"""`make bench`: what the engine costs beside the bare loop of its own HTTP client."""
