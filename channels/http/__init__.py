"""The pooled HTTP client that every call to a provider goes through."""
