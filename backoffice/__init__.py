"""What the admin's pages share. Knows no tenant."""
