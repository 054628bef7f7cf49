"""Opt-outs: suppressions, the words that opt out and in, and do-not-contact."""
