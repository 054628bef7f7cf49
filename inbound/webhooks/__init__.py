"""Takes providers' webhook calls: verifies, stores and answers them."""
