"""Writes demo/contacts.csv: 1,000 invented contacts, the same in every run.

`python -m demo.make_contacts`
"""

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import phonenumbers

from sandbox.behaviour.magic import ENDINGS

CSV_PATH: Final = Path(__file__).with_name("contacts.csv")
COLUMNS: Final = (
    "external_id",
    "phone",
    "first_name",
    "last_name",
    "email",
    "telegram_chat_id",
    "time_zone",
    "do_not_contact",
)
COUNT: Final = 1000
SEED: Final = 20260701
TRIES: Final = 1000  # to find a phone that is valid and unused; most prefixes need a few
NAMELESS: Final = 3  # the contact of every 50 that has no first name
OPTED_OUT: Final = 7  # the contact of every 60 that has opted out

# Phone prefix, number of digits after it, time zone, first names, last names.
PEOPLE: Final = (
    ("+1415523", 4, "America/Los_Angeles", ("Olivia", "Noah", "Ava"), ("Baker", "Reed", "Cole")),
    ("+4479110", 5, "Europe/London", ("Amelia", "Oscar", "Isla"), ("Hughes", "Patel", "Shaw")),
    ("+91987654", 4, "Asia/Kolkata", ("आरव", "दीया", "कबीर"), ("शर्मा", "वर्मा", "मेहता")),
    ("+4366412", 5, "Europe/Vienna", ("Jörg", "Zoë", "Käthe"), ("Größl", "Müller", "Höfer")),
    ("+3361234", 4, "Europe/Paris", ("Chloé", "Léo", "Inès"), ("Lefèvre", "Garçon", "Noël")),
    ("+81901234", 4, "Asia/Tokyo", ("さくら", "陽翔", "美咲"), ("佐藤", "鈴木", "高橋")),
    ("+20100123", 4, "Africa/Cairo", ("ليلى", "عمر", "نور"), ("حسن", "منصور", "فؤاد")),
    ("+30691234", 4, "Europe/Athens", ("Ελένη", "Νίκος", "Άννα"), ("Παππάς", "Δήμου", "Ρήγα")),
    ("+38067123", 4, "Europe/Kyiv", ("Оксана", "Григорій", "Юлія"), ("Шевчук", "Бондар", "Їжак")),
    ("+97250234", 4, "Asia/Jerusalem", ("נועה", "איתן", "תמר"), ("כהן", "לוי", "פרץ")),
)
# Endings with a set behaviour at the sandbox: only those that cost the demo at most 30 s.
PHONE_ENDINGS: Final = ("9001", "9002", "9003", "9004", "9005", "9010", "9013", "9015", "9016")
CHAT_ENDINGS: Final = ("9003", "9004", "9005")


def main() -> None:
    with CSV_PATH.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(contacts())


def contacts() -> Iterator[tuple[str, ...]]:
    chance = random.Random(SEED)  # noqa: S311 - no secret
    phones: list[str] = []
    chats: list[str] = []
    for n in range(1, COUNT + 1):
        prefix, digits, zone, first, last = PEOPLE[n % len(PEOPLE)]
        # Every 97th contact repeats an earlier phone; the import takes both as one contact.
        phone = phones[-13] if n % 97 == 0 else _phone(chance, prefix, digits, n, phones)
        # Every 83rd contact shares the chat of an earlier contact; every 4th has no chat.
        chat = chats[-7] if n % 83 == 0 else "" if n % 4 == 0 else _chat(n)
        phones.append(phone)
        chats.extend([chat] if chat else [])
        yield (
            f"demo-{n:04}",
            phone,
            "" if n % 50 == NAMELESS else chance.choice(first),
            chance.choice(last),
            f"contact{n:04}@example.com",
            chat,
            zone,
            "true" if n % 60 == OPTED_OUT else "",
        )


def _phone(chance: random.Random, prefix: str, digits: int, n: int, taken: list[str]) -> str:
    if n % 40 == 1:
        ending = PHONE_ENDINGS[n // 40 % len(PHONE_ENDINGS)]
        phone = prefix + "".join(chance.choices("0123456789", k=digits - 4)) + ending
        if phone not in taken and _valid(phone):
            return phone
    for _ in range(TRIES):
        phone = prefix + "".join(chance.choices("0123456789", k=digits))
        if phone not in taken and phone[-4:] not in ENDINGS and _valid(phone):
            return phone
    raise ValueError(f"No valid number begins with {prefix}.")


def _chat(n: int) -> str:
    ending = CHAT_ENDINGS[n // 90 % len(CHAT_ENDINGS)] if n % 90 == 1 else f"{n:04}"
    return f"{500000 + n}{ending if ending not in ENDINGS or n % 90 == 1 else '0000'}"


def _valid(phone: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(phone))


if __name__ == "__main__":
    main()
