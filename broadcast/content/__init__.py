"""The content of a broadcast: texts, templates, variables, links, attachments."""
