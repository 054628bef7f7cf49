"""Who gets the broadcast, and what it costs."""
