"""What a sandbox can be started with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Durations are in seconds."""

    receipt_delay: float = 0.3
    """From accepting to `sent`; `delivered` comes at twice, `read` at four times this."""
    read_percent: int = 70
    latency: float = 0.0
    slow_seconds: float = 3.0
    late_seconds: float = 10.0
    hang_seconds: float = 300.0
    """How long a call that is never answered is held open, unless its client goes first."""
    rate_limit_times: int = 2
    retry_after: int = 1
    pair_interval: float = 6.0
    """Meta's one message per six seconds to one user."""
    magic: bool = True
    batch_size: int = 50
    """Statuses per webhook call."""
    batch_window: float = 0.02
    webhook_concurrency: int = 4
    webhook_attempts: int = 14
    """With the back-off of deliveries.py, 14 attempts outlast a target that is down for 40 s."""
    webhook_timeout: float = 10.0
    max_records: int = 500_000
    """Accepted messages remembered (about 0.6 KB each); the oldest are forgotten first."""
    seed: int = 1
    meta_webhook_url: str = ""
    meta_app_secret: str = ""
    telegram_webhook_url: str = ""
    telegram_secret_token: str = ""
    twilio_webhook_url: str = ""
    """For replies; statuses go to each message's StatusCallback."""
    twilio_auth_token: str = ""
    """Signs; by default the token that the account logs in with."""
    rbm_webhook_url: str = ""
    rbm_client_token: str = ""
    vonage_webhook_url: str = ""
    """For replies; receipts go to each message's callback."""
    vonage_signature_secret: str = ""
    """Signs; by default the secret that the account logs in with."""
    msg91_webhook_url: str = ""
    """With its ?token=…, as MSG91 would be told."""
    gupshup_webhook_url: str = ""
