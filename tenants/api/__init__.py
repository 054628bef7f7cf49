"""Login, roles, idempotency, and scoping of every endpoint to its tenant."""
