"""A template at its provider: submit, edit, delete, sync."""
