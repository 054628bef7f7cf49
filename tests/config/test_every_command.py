"""Every management command of ours runs and does something; a new one needs a case here."""

from collections.abc import Callable
from io import StringIO
from typing import NamedTuple

import pytest
from django.apps import apps
from django.core.management import call_command, get_commands
from django.utils import timezone
from pytest_django import Settings

from channels.models import ProviderApp, Sender
from config.environment import BASE_DIR
from inbound.models import ProviderEvent
from tenants.models import Membership, Role
from tests.factories import ProviderAppFactory
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)

OURS = sorted(
    name
    for name, app in get_commands().items()
    if any(
        config.name == app and config.path.startswith(f"{BASE_DIR}/{app}")
        for config in apps.get_app_configs()
    )
)


class Case(NamedTuple):
    """The arguments, and what must be true after the command."""

    arguments: list[str]
    is_done: Callable[[str], bool]


def doctor(bot: Sender, settings: Settings) -> Case:
    return Case(["--days", "7", "--repair"], lambda text: "0 breaches" in text)


def create_tenant(bot: Sender, settings: Settings) -> Case:
    def is_done(text: str) -> bool:
        owner = Membership.objects.get(tenant__slug="acme", role=Role.OWNER)
        has_wallet = Wallet.objects.filter(tenant__slug="acme", currency="CHF").exists()
        return owner.user.email == "owner@example.com" and has_wallet and "created" in text

    return Case(
        ["--name", "Acme", "--owner-email", "owner@example.com", "--currency", "CHF"], is_done
    )


def connect_telegram(bot: Sender, settings: Settings) -> Case:
    settings.PUBLIC_URL = "https://example.com"
    return Case(
        ["--tenant", bot.tenant.slug],
        lambda _: ProviderApp.objects.filter(senders=bot).exists(),
    )


def replay_events(bot: Sender, settings: Settings) -> Case:
    event = ProviderEvent.objects.create(
        app=ProviderAppFactory.create(), body=b"{}", status="FAILED", received_at=timezone.now()
    )
    replayed = ProviderEvent.objects.filter(pk=event.pk, status="STORED")
    return Case(["--failed"], lambda text: replayed.exists() and text.startswith("1 events"))


CASES: dict[str, Callable[[Sender, Settings], Case]] = {
    "connect_telegram": connect_telegram,
    "create_tenant": create_tenant,
    "doctor": doctor,
    "replay_events": replay_events,
}


@pytest.mark.parametrize("name", OURS)
def test_the_command_does_its_work(name: str, bot: Sender, settings: Settings) -> None:
    case = CASES[name](bot, settings)
    output = StringIO()

    call_command(name, *case.arguments, stdout=output)

    assert case.is_done(output.getvalue())


@pytest.mark.parametrize("name", OURS)
def test_the_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command(name, "--help")
    assert ended.value.code == 0
    assert name in capsys.readouterr().out


def test_no_case_is_left_of_a_command_that_is_gone() -> None:
    assert set(CASES) == set(OURS)
