"""From a request that a provider takes to its answer and its webhook calls."""
