"""The providers' accounts that a run may send from, and how the sandbox reports to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from uuid import uuid4

from channels.platforms import Platform
from tests.channels.providers.samples import service_account

SECRET = "a-made-up-secret"


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a provider. `sandbox` is the sandbox's name of the provider.

    `books`: the account's name in the sandbox's books. `reports`: whether the provider reports
    anything after accepting. `target`: the query of the webhook's URL if the webhook must be set
    at the sandbox; None if each message names its webhook.
    """

    platform: Platform
    provider: str
    sandbox: str
    account_id: str
    books: str
    credentials: Mapping[str, str] = field(repr=False)
    app_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    reports: bool = True
    target: str | None = None

    @property
    def name(self) -> str:
        return f"{self.platform} {self.provider}"


def telegram(number: str) -> Account:
    token = f"{number}:AAbbccddeeffgghhiijjkkllmmnnooppqqr"
    return Account(
        Platform.TELEGRAM, "telegram_bot", "telegram", number, number, {"bot_token": token},
        reports=False,
    )  # fmt: skip


def whatsapp(number: str) -> Account:
    secrets = {"app_secret": SECRET, "verify_token": "a-made-up-token"}
    login = {"access_token": "a-made-up-token"}
    return Account(
        Platform.WHATSAPP, "meta_cloud", "meta", number, number, login, secrets, target=""
    )


def rcs(number: str) -> Account:
    login, secrets = {"service_account": _service_account()}, {"client_token": SECRET}
    agent = f"agent_{number}"
    return Account(Platform.RCS, "google_rbm", "rbm", agent, agent, login, secrets, target="")


def twilio(number: str) -> Account:
    sid, token = f"AC{uuid4().hex}", "a-made-up-token"
    login, secrets = {"account_sid": sid, "auth_token": token}, {"auth_token": token}
    return Account(Platform.SMS, "twilio", "twilio", f"MG{uuid4().hex}", sid, login, secrets)


def vonage(number: str) -> Account:
    login, secrets = {"api_key": number, "api_secret": SECRET}, {"signature_secret": SECRET}
    return Account(Platform.SMS, "vonage", "vonage", number, number, login, secrets)


def msg91(number: str) -> Account:
    header = f"A{number}"[:14]
    login, secrets = {"authkey": "authkey"}, {"url_token": SECRET}
    return Account(
        Platform.SMS, "msg91", "msg91", header, header, login, secrets,
        target=f"?token={SECRET}",
    )  # fmt: skip


SMS = (twilio, msg91, vonage)
OTHERS: tuple[Callable[[str], Account], ...] = (telegram, whatsapp, rcs)


def account_for(seed: int, random: Random) -> Account:
    """Four consecutive seeds cover the four platforms, twelve also all three SMS providers."""
    number = str(random.randrange(10**8, 10**9)) + str(uuid4().int % 1000)
    turn, place = divmod(seed, len(OTHERS) + 1)
    make = OTHERS[place] if place < len(OTHERS) else SMS[turn % len(SMS)]
    return make(number)


@lru_cache(maxsize=1)
def _service_account() -> str:
    return service_account()
