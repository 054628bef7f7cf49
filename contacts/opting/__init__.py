"""Opt-outs and opt-ins: suppressed addresses, and the words that ask for either."""
