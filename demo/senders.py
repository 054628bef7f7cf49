"""The tenant's part of the set-up, through the REST API: senders and templates."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from demo.client import Client

OFFER = "summer_offer"
TEMPLATES: Mapping[str, Mapping[str, Any]] = {
    "summer_sale": {"body": "Our summer sale is on: up to 40 % off until Sunday. See you there!"},
    OFFER: {
        "body": "Hi {{1}}, our summer sale is on, up to 40 % off till Sunday: {{2}} See you there!",
        "default_params": {"1": "{{first_name|there}}"},
    },
}
"""By name: one without parameters, and one with two, of which a broadcast may leave out one."""
FOOTER = "Reply STOP to hear no more from us."
WEBHOOK_SECRETS = ("app_secret", "verify_token")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A provider app's webhook, as it is configured at the provider: path and secrets."""

    path: str
    secrets: Mapping[str, str]


def add_whatsapp(client: Client, *, account: str) -> tuple[str, Webhook]:
    """Creates or updates the WhatsApp sender; returns its id and its app's webhook."""
    app_secrets = {name: secrets.token_hex(16) for name in WEBHOOK_SECRETS}
    app = _put(
        client,
        "/provider-apps/",
        {"provider": "meta_cloud", "name": "Summer Shop"},
        {"secrets": app_secrets},
    )
    sender = _put(
        client,
        "/senders/",
        {"platform": "WHATSAPP", "provider": "meta_cloud", "name": "Summer Shop"},
        {
            "app": app["id"],
            "address": "+14155230100",
            "account_id": account,
            "business_account_id": "102290129340398",
            "credentials": {"access_token": secrets.token_urlsafe(32)},
            "is_default": True,
        },
    )
    return sender["id"], Webhook(urlsplit(app["webhook_url"]).path, app_secrets)


def add_telegram(client: Client, *, bot: str) -> str:
    """Creates or updates the Telegram sender; returns its id."""
    sender = _put(
        client,
        "/senders/",
        {"platform": "TELEGRAM", "provider": "telegram_bot", "name": "Summer Shop bot"},
        {
            "address": "@summer_shop_bot",
            "account_id": bot,
            "credentials": {"bot_token": f"{bot}:{secrets.token_hex(17)}a"},
            "is_default": True,
        },
    )
    return str(sender["id"])


def add_templates(client: Client, *, sender: str) -> None:
    """Creates the templates and marks them approved, like templates that were submitted elsewhere.

    Submitting them would tie them to the sandbox, which forgets its templates when it stops.
    """
    for name, fields in TEMPLATES.items():
        template = _put(
            client,
            "/templates/",
            {"app": sender, "name": name, "language": "en"},
            {**fields, "footer": FOOTER},
        )
        if template["status"] != "APPROVED":
            client.post(f"/templates/{template['id']}/status/", {"status": "APPROVED"})


def _put(
    client: Client, path: str, identity: Mapping[str, str], fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Creates the object, or updates the object that an earlier run of the demo has created."""
    for existing in client.pages(path):
        if all(existing[name] == value for name, value in identity.items()):
            return dict(client.patch(f"{path}{existing['id']}/", fields))
    return dict(client.post(path, {**identity, **fields}))
