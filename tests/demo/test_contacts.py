import csv

import phonenumbers

from demo.make_contacts import COLUMNS, CSV_PATH, contacts


def shipped() -> list[dict[str, str]]:
    with CSV_PATH.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_shipped_file_is_what_the_generator_writes() -> None:
    assert [tuple(row[name] for name in COLUMNS) for row in shipped()] == list(contacts())


def test_there_are_a_thousand_and_every_phone_is_valid() -> None:
    rows = shipped()
    assert len(rows) == len({row["external_id"] for row in rows}) == 1000
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(row["phone"])) for row in rows)


def test_some_repeat_and_some_opted_out() -> None:
    rows = shipped()
    chats = [row["telegram_chat_id"] for row in rows if row["telegram_chat_id"]]
    assert len({row["phone"] for row in rows}) == 990
    assert 0 < len(chats) - len(set(chats)) < 20
    assert sum(row["do_not_contact"] == "true" for row in rows) == 17
