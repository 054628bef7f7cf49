"""The sandbox provider: an HTTP server that speaks the providers' protocols."""
