"""The webhook calls that providers make: their bodies, and how the sandbox delivers them."""
