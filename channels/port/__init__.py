"""The interface between the engine and the providers: protocols and frozen dataclasses."""
