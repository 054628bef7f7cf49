"""SMS by MSG91."""
