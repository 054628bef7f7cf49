"""`manage.py connect_telegram` against the sandbox."""

import json
from io import StringIO
from urllib.request import Request, urlopen

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from channels.models import ProviderApp, Sender
from sandbox.running import RunningSandbox
from tests.factories import ProviderAppFactory, SenderFactory

pytestmark = pytest.mark.django_db


def connect(sender: Sender, *extra: str) -> str:
    out = StringIO()
    call_command("connect_telegram", "--tenant", sender.tenant.slug, *extra, stdout=out)
    return out.getvalue()


def webhook_info(bot: Sender) -> str:
    token = bot.credentials["bot_token"]
    request = Request(f"{bot.base_url}/bot{token}/getWebhookInfo")  # noqa: S310 - our own sandbox
    with urlopen(request, timeout=5) as answer:  # noqa: S310
        url: str = json.load(answer)["result"]["url"]
    return url


def test_telegram_is_told_where_to_call(bot: Sender) -> None:
    output = connect(bot)

    bot.refresh_from_db()
    app = ProviderApp.objects.get()
    assert bot.app == app
    assert app.tenant == bot.tenant
    assert webhook_info(bot) == app.webhook_url
    assert app.webhook_url in output
    assert app.secrets["secret_token"] not in output


def test_the_address_is_the_settings_and_the_secret_is_registered(
    bot: Sender, sandbox: RunningSandbox, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://broadcast.example.com"

    connect(bot)

    assert webhook_info(bot).startswith("https://broadcast.example.com/webhooks/telegram_bot/")
    targets = sandbox.sandbox.deliveries.targets.items()
    (secret,) = [target.secret for (_, account), target in targets if account == bot.account_id]
    assert secret == ProviderApp.objects.get().secrets["secret_token"]


def test_a_second_run_keeps_endpoint_and_secret(bot: Sender) -> None:
    assert connect(bot) == connect(bot)
    assert ProviderApp.objects.count() == 1


def test_an_app_that_serves_another_bot_is_not_shared(bot: Sender) -> None:
    app = ProviderAppFactory.create(tenant=bot.tenant, provider="telegram_bot")
    SenderFactory.create(tenant=bot.tenant, app=app)
    Sender.objects.filter(pk=bot.pk).update(app=app)

    connect(bot, "--sender", str(bot.pk))

    bot.refresh_from_db()
    assert bot.app != app


def test_several_bots_have_to_be_told_apart(bot: Sender) -> None:
    SenderFactory.create(tenant=bot.tenant)

    with pytest.raises(CommandError, match="Several bots"):
        connect(bot)
    assert not ProviderApp.objects.exists()


def test_what_telegram_refuses_is_said_without_the_token(bot: Sender) -> None:
    Sender.objects.filter(pk=bot.pk).update(credentials={"bot_token": "no-token"})

    with pytest.raises(CommandError) as refused:
        connect(bot)

    assert "no-token" not in str(refused.value)


def test_an_unreachable_telegram_is_said(bot: Sender) -> None:
    Sender.objects.filter(pk=bot.pk).update(base_url="http://127.0.0.1:9")

    with pytest.raises(CommandError, match="could not be reached"):
        connect(bot)


def test_another_tenants_bot_is_not_found(bot: Sender) -> None:
    foreign = SenderFactory.create()

    with pytest.raises(CommandError, match="no active Telegram bot"):
        connect(bot, "--sender", str(foreign.pk))
