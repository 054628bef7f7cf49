"""An account at one provider per platform, and the text that is sent from it.

The engine's runs and the bare loop share these: both must send the same requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from channels.platforms import Platform
from tests.channels.providers.samples import service_account

PLATFORMS = tuple(Platform.values)
NAME = "Ana 12345"
NAME_PLACEHOLDER = "{{first_name|customer}}"
TEXT = (
    f"Dear {NAME_PLACEHOLDER}, our winter sale begins on Monday: up to forty per cent off "
    "coats, boots and knitwear, in every shop and online. Come early."
)
SECOND_PART = " Show this message at the till and the first fifty of you get a scarf as well."
"""Makes an SMS two segments long, with or without a link: price and pace count segments."""
LINK = " https://shop.example.com/winter?campaign=sale"
SHORT_LINK = " http://localhost:8000/r/1Ab2Cd3Ef4G/"
SEGMENTS = {Platform.SMS: 2}


@dataclass(frozen=True, slots=True)
class Account:
    """`books`: the account's name in the provider's books."""

    provider: str
    account_id: str
    address: str
    credentials: Mapping[str, str]
    books: str


def account_on(platform: str) -> Account:
    """A new account with invented secrets."""
    number = str(uuid4().int % 10**9)
    match platform:
        case Platform.TELEGRAM:
            token = f"{number}:AAbbccddeeffgghhiijjkkllmmnnooppqqr"
            return Account("telegram_bot", number, "@bench", {"bot_token": token}, number)
        case Platform.SMS:
            sid = f"AC{uuid4().hex}"
            login = {"account_sid": sid, "auth_token": "a-made-up-token"}
            return Account("twilio", f"MG{uuid4().hex}", "Bench", login, sid)
        case Platform.RCS:
            login = {"service_account": service_account()}
            return Account("google_rbm", f"agent_{number}", "Bench", login, f"agent_{number}")
    login = {"access_token": "a-made-up-access-token"}
    return Account("meta_cloud", number, "+4915100000000", login, number)


def text_over(platform: str, *, link: bool) -> str:
    """The text as a tenant writes it."""
    second = SECOND_PART if platform == Platform.SMS else ""
    return TEXT + second + (LINK if link else "")


def text_as_sent(platform: str, *, link: bool) -> str:
    """The text as one recipient gets it."""
    return text_over(platform, link=link).replace(NAME_PLACEHOLDER, NAME).replace(LINK, SHORT_LINK)
