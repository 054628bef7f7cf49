"""Hands a group of messages to a provider and reads what became of each."""
