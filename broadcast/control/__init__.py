"""What a person, the clock or a safeguard does to a broadcast: draft, launch, pause, cancel."""
