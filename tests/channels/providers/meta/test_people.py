"""Calls that carry a number and a user id connect them; a changed number moves the address."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.port.events import AddressMoved, OptChange, Reply, SamePerson
from channels.providers.meta.webhook import MetaWebhook

AT = datetime(2026, 1, 1, tzinfo=UTC)
NUMBER, USER_ID = "16505551234", "US.13491208655302741918"
PAIR = ("+16505551234", USER_ID)
TEXT = {"id": "wamid.X1", "timestamp": "1767225600", "type": "text", "text": {"body": "STOP"}}
STATUS = {"id": "wamid.1", "status": "deleted", "timestamp": "1767225600"}


@pytest.mark.parametrize(
    "value",
    [
        {"contacts": [{"wa_id": NUMBER, "user_id": USER_ID}], "messages": []},
        {"messages": [TEXT | {"from": NUMBER, "from_user_id": USER_ID}]},
        {"statuses": [STATUS | {"recipient_id": NUMBER, "recipient_user_id": USER_ID}] * 3},
        {
            "messages": [
                TEXT
                | {
                    "from_user_id": USER_ID,
                    "type": "contacts",
                    "origin": "contact_request",
                    "contacts": [{"phones": [{"phone": "+1 650 555 1234"}]}],
                }
            ]
        },
    ],
)
def test_two_addresses_in_one_call_are_one_person(value: dict[str, Any]) -> None:
    pairs = [event for event in events(value) if isinstance(event, SamePerson)]
    assert [pair.addresses for pair in pairs] == [PAIR]
    assert pairs[0].account_id == "1"


def test_a_preference_of_a_user_with_two_addresses_connects_them_first() -> None:
    preference = {"category": "marketing_messages", "value": "stop", "timestamp": 1767225600}
    pair, change = events(
        {"user_preferences": [preference | {"wa_id": NUMBER, "user_id": USER_ID}]}
    )
    assert isinstance(pair, SamePerson)
    assert isinstance(change, OptChange)
    assert change.address == "+16505551234"


def test_the_recipient_of_a_status_in_a_group_is_no_person() -> None:
    status = {"recipient_id": NUMBER, "recipient_user_id": USER_ID, "recipient_type": "group"}
    assert events({"statuses": [STATUS | status]}) == []


@pytest.mark.parametrize(
    "value",
    [
        {"messages": [TEXT | {"from_user_id": USER_ID}]},
        {"contacts": [{"user_id": USER_ID}], "messages": [TEXT]},
    ],
)
def test_a_user_without_a_number_is_known_by_the_user_id(value: dict[str, Any]) -> None:
    (reply,) = events(value)
    assert isinstance(reply, Reply)
    assert (reply.address, reply.text) == (USER_ID, "STOP")


def system(**fields: Any) -> dict[str, Any]:
    message = {"from": NUMBER, "id": "wamid.S", "timestamp": "1767225600", "type": "system"}
    return {"messages": [message | {"system": fields}]}


def moves(value: dict[str, Any]) -> list[tuple[str, str]]:
    return [(event.old, event.new) for event in events(value) if isinstance(event, AddressMoved)]


def test_a_changed_number_moves_the_address() -> None:
    changed = system(type="user_changed_number", wa_id="12195555358", body="User changed")
    assert events(changed) == [AddressMoved("1", "+16505551234", "+12195555358", AT)]


def test_a_changed_number_moves_the_user_id_with_it() -> None:
    changed = system(
        type="user_changed_number", wa_id="12195555358", user_id="US.2", previous_user_id="US.1"
    )
    assert moves(changed) == [("+16505551234", "+12195555358"), ("US.1", "US.2")]
    assert [event.addresses for event in events(changed) if isinstance(event, SamePerson)] == [
        ("+12195555358", "US.2")
    ]


def test_a_changed_user_id_moves_the_user_id() -> None:
    changed = system(type="user_changed_user_id", user_id="US.2", previous_user_id="US.1")
    assert moves(changed) == [("US.1", "US.2")]


def test_a_changed_identity_without_a_new_address_changes_nothing() -> None:
    assert events(system(type="customer_identity_changed", identity="abc")) == []


def test_a_system_message_of_an_unknown_type_is_named() -> None:
    (event,) = events(system(type="user_moved_house", wa_id="1"))
    assert str(event) == "message: system user_moved_house"


@pytest.mark.parametrize(
    "value",
    [
        {"contacts": [{"wa_id": NUMBER}], "messages": [TEXT | {"from_user_id": USER_ID}]},
        {"contacts": [{"user_id": USER_ID}], "messages": [TEXT | {"from": NUMBER}]},
        {"calls": [{"id": "c", "event": "connect", "from": NUMBER, "from_user_id": USER_ID}]},
    ],
)
def test_a_contact_and_its_message_or_a_call_may_hold_the_pair(value: dict[str, Any]) -> None:
    assert [event.addresses for event in events(value) if isinstance(event, SamePerson)] == [PAIR]


def test_a_contact_who_did_not_write_the_message_is_no_part_of_a_pair() -> None:
    contact = {"wa_id": NUMBER, "user_id": "US.2"}
    found = events({"contacts": [contact], "messages": [TEXT | {"from_user_id": USER_ID}]})
    assert [event.addresses for event in found if isinstance(event, SamePerson)] == [
        ("+16505551234", "US.2")
    ]


def test_an_update_moves_the_parents_user_id_too() -> None:
    update = {
        "user_id": {"previous": "US.1", "current": "US.2"},
        "parent_user_id": {"previous": "US.ENT.1", "current": "US.ENT.2"},
    }
    assert moves({"user_id_update": [update]}) == [("US.1", "US.2"), ("US.ENT.1", "US.ENT.2")]
    del update["user_id"]
    assert moves({"user_id_update": [update]}) == [("US.ENT.1", "US.ENT.2")]


def events(value: dict[str, Any]) -> list[Any]:
    change = {"field": "messages", "value": {"metadata": {"phone_number_id": "1"}} | value}
    body = json.dumps({"entry": [{"id": "1", "changes": [change]}]}).encode()
    return list(MetaWebhook().parse(body, received_at=AT))
