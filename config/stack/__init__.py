"""All processes of the product, started and supervised together."""
