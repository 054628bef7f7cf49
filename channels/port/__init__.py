"""What every provider's adapter takes and gives: frozen dataclasses and protocols."""
