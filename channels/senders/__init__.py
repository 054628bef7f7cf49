"""What operators and tenants do with senders: check, connect, choose, switch on and off."""
