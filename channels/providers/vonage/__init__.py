"""SMS by Vonage."""
