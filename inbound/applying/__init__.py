"""Applies stored provider events: receipts, replies, opt-outs, changes of templates."""
