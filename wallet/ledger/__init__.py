"""The ledger: moves money (top-up, hold, capture, release, refund) and lists its entries."""
