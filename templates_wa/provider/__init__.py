"""What the provider does with a template: submit, edit, delete, sync."""
