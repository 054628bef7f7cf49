"""Rules for templates, and the parameters that they take."""
