"""Hands a batch's messages to a provider and reads each message's outcome."""
