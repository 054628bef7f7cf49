"""A Telegram bot's endpoint, and what a person writes to the bot."""

from rest_framework.test import APIClient

from channels.models import ProviderApp
from channels.providers.registry import adapter_for
from tests.factories import ProviderAppFactory

SECRET = "a-secret-of-this-bot-1234567890"


def bot() -> ProviderApp:
    names = adapter_for("telegram_bot").webhook_secret_names
    return ProviderAppFactory.create(provider="telegram_bot", secrets=dict.fromkeys(names, SECRET))


def say(
    client: APIClient, app: ProviderApp, text: str, *, update_id: int = 1, at: int = 1700000000
) -> int:
    chat = {"id": 77, "type": "private"}
    message = {"message_id": 4 + update_id, "date": at, "chat": chat, "text": text}
    return client.post(
        app.webhook_path,
        {"update_id": update_id, "message": message},
        format="json",
        headers={"X-Telegram-Bot-Api-Secret-Token": SECRET},
    ).status_code
