"""The options of a sandbox."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Durations are in seconds."""

    receipt_delay: float = 0.3
    """The delay from accepting to `sent`; `delivered` takes twice, `read` four times as long."""
    read_percent: int = 70
    latency: float = 0.0
    slow_seconds: float = 3.0
    late_seconds: float = 10.0
    hang_seconds: float = 300.0
    """The sandbox closes an unanswered call after this time, unless the client closes it first."""
    rate_limit_times: int = 2
    retry_after: int = 1
    pair_interval: float = 6.0
    """Meta allows one message per six seconds to one user."""
    magic: bool = True
    batch_size: int = 50
    """Most statuses in one webhook call."""
    batch_window: float = 0.02
    webhook_concurrency: int = 4
    webhook_attempts: int = 14
    """With the backoff of deliveries.py, 14 attempts outlast a target that is down for 40 s."""
    webhook_timeout: float = 10.0
    max_records: int = 500_000
    """Accepted messages remembered (about 0.6 KB each); the oldest are forgotten first."""
    seed: int = 1
    meta_webhook_url: str = ""
    meta_app_secret: str = ""
    telegram_webhook_url: str = ""
    telegram_secret_token: str = ""
    twilio_webhook_url: str = ""
    """Receives replies; statuses go to each message's StatusCallback."""
    twilio_auth_token: str = ""
    """Signs webhook calls; by default the token that the account logs in with."""
    rbm_webhook_url: str = ""
    rbm_client_token: str = ""
    vonage_webhook_url: str = ""
    """Receives replies; receipts go to each message's callback."""
    vonage_signature_secret: str = ""
    """Signs webhook calls; by default the secret that the account logs in with."""
    msg91_webhook_url: str = ""
    """The URL with its ?token=…, as it would be configured at MSG91."""
    gupshup_webhook_url: str = ""
