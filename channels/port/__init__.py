"""The interface of a provider: frozen dataclasses and protocols."""
