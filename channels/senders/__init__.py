"""What an operator or a tenant does with a sender: check it, connect it, switch it."""
