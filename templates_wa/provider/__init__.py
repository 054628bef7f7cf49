"""Actions on templates at their provider: edit, submit, delete, sync, upload a sample."""
