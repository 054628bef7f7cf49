"""Each call of the corpus, through the real endpoint, leads to its state and to nothing else.

The files `<provider>.json` hold calls written after the providers' documents, one per line:
`given` is what was so before, `expect` what must be so afterwards. What `expect` leaves out must be
as it was: the message SENT, nobody suppressed, no reply, no window, the event APPLIED.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels.providers.registry import ADAPTERS
from contacts.models import Suppression
from inbound.applying.applying import apply_block
from inbound.applying.replaying import replay
from inbound.models import ParkedReceipt, ProviderEvent, ReceivedMessage
from tests.inbound.corpus.calls import cases_of
from tests.inbound.corpus.worlds import World, world
from tests.inbound.webhooks.signing import signed

pytestmark = pytest.mark.django_db

AT_LEAST = 150
DEFAULTS: dict[str, Any] = {
    "event": "APPLIED",
    "notes": [],
    "message": "SENT",
    "suppressed": "",
    "window": False,
    "parked": 0,
    "replies": [],
}


def cases() -> Iterator[Any]:
    for provider in sorted(ADAPTERS):
        for case in cases_of(provider):
            yield pytest.param(provider, case, id=f"{provider}: {case['name']}")


def test_the_corpus_has_calls_of_every_provider() -> None:
    assert len(list(cases())) >= AT_LEAST


@pytest.mark.parametrize(("provider", "case"), cases())
def test_a_call_leads_to_its_state(provider: str, case: dict[str, Any]) -> None:
    given = case.get("given", {})
    before = world(provider, given)
    answer = Client().post(before.app.webhook_path, **signed(before.app, case["body"]))
    assert answer.status_code == 200
    apply_block(now=timezone.now())
    check(before, case["expect"], given)
    # A replay changes nothing.
    replay(ProviderEvent.objects.all())
    apply_block(now=timezone.now())
    check(before, case["expect"], given)


def check(before: World, expect: dict[str, Any], given: dict[str, str]) -> None:
    expected = DEFAULTS | {"template": given.get("template", "APPROVED")} | expect
    replies = [reply_without_defaults(reply) for reply in expected.pop("replies")]
    code = expected.pop("code", None)
    assert state(before) == expected
    before.message.refresh_from_db()
    assert code in {None, before.message.error_code}
    messages = ReceivedMessage.objects.order_by("id")
    for message, reply in zip(messages, replies, strict=True):
        assert stored(message, like=reply) == reply


def state(world: World) -> dict[str, Any]:
    for row in (world.message, world.contact, world.template):
        row.refresh_from_db()
    event = ProviderEvent.objects.get()
    scopes = Suppression.objects.values_list("scope", flat=True)
    return {
        "event": event.status,
        "notes": event.not_understood,
        "message": world.message.status,
        "suppressed": " ".join(sorted(set(scopes))),
        "window": world.contact.last_reply_at is not None,
        "parked": ParkedReceipt.objects.count(),
        "template": world.template.status,
    }


def reply_without_defaults(reply: dict[str, Any]) -> dict[str, Any]:
    """The expected reply. A wish of None stands for any; without `answers`, any message is."""
    complete = {"wish": "", "group": ""} | reply
    return {name: value for name, value in complete.items() if value is not None}


def stored(message: ReceivedMessage, *, like: dict[str, Any]) -> dict[str, Any]:
    values = {
        "kind": message.kind,
        "text": message.text,
        "wish": message.wish,
        "group": message.group_id,
        "answers": message.message_id is not None,
    }
    return {name: values[name] for name in like}
