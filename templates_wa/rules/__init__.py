"""The rules for the content of a template."""
