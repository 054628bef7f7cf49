"""Health probes, logs, metrics, request ids."""
