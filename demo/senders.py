"""The tenant's own part of the set-up, through the REST API: its senders and a template."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from demo.client import Client

TEMPLATE = "summer_sale"
TEMPLATE_BODY = "Hi {{1}}, our summer sale is on, up to 40 % off until Sunday: {{2}} See you there!"
WEBHOOK_SECRETS = ("app_secret", "verify_token")


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a provider app is called, and what proves the calls: told to the provider."""

    path: str
    secrets: Mapping[str, str]


def add_whatsapp(client: Client, *, account: str) -> tuple[str, Webhook]:
    """The id of the sender."""
    made = {name: secrets.token_hex(16) for name in WEBHOOK_SECRETS}
    app = _put(
        client,
        "/provider-apps/",
        {"provider": "meta_cloud", "name": "Summer Shop"},
        {"secrets": made},
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
    return sender["id"], Webhook(urlsplit(app["webhook_url"]).path, made)


def add_telegram(client: Client, *, bot: str) -> str:
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


def add_template(client: Client, *, sender: str) -> None:
    """Written here, and said to be approved: as one that was submitted elsewhere.

    Submitting it would tie it to the sandbox, which forgets its templates when it stops.
    """
    template = _put(
        client,
        "/templates/",
        {"app": sender, "name": TEMPLATE, "language": "en"},
        {"body": TEMPLATE_BODY, "footer": "Reply STOP to hear no more from us."},
    )
    if template["status"] != "APPROVED":
        client.post(f"/templates/{template['id']}/status/", {"status": "APPROVED"})


def _put(
    client: Client, path: str, known_by: Mapping[str, str], fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Make it, or bring what an earlier run of the demo has made up to date."""
    for each in client.pages(path):
        if all(each[name] == value for name, value in known_by.items()):
            return dict(client.patch(f"{path}{each['id']}/", fields))
    return dict(client.post(path, {**known_by, **fields}))
