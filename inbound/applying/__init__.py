"""What a stored provider event changes: receipts, replies, opt-outs, templates."""
