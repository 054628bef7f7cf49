"""Contacts from CSV files, and back into them."""
