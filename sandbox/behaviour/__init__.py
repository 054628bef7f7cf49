"""What the sandbox does on request: faults, and numbers with a meaning of their own."""
