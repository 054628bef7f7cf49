"""What every endpoint shares; an app's own endpoints stand in its own `api/`. Knows no tenant."""
