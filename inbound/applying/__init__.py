"""Applies stored provider events: receipts, replies, opt-outs, template changes."""
