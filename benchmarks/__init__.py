"""`make bench`: the engine's cost compared with a bare loop of its own HTTP client."""
