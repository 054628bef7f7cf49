"""Imports contacts from CSV files, and exports them."""
