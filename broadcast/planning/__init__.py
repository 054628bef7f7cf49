"""Plans a broadcast: decides who gets it, and what it costs."""
