"""WhatsApp by Gupshup."""
