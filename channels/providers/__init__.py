"""One package per provider, the registry that lists them, and the code that they share."""
