"""Endpoints of wallets, statements and top-ups, and the payment providers' webhook."""
