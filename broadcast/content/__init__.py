"""What is said: texts, templates, variables, links, attachments."""
