"""Which sender a platform takes: the named one, the default, the only one, or a refusal."""

from typing import Any
from uuid import uuid4

import pytest

from api.errors import InvalidInput
from channels.models import Sender
from channels.platforms import Platform
from channels.senders.choosing import AmbiguousChoice, NoSender, UnknownSender, choose_sender
from tenants.models import Tenant
from tests.factories import SenderFactory, TenantFactory

pytestmark = pytest.mark.django_db


def bot(tenant: Tenant, **fields: Any) -> Sender:
    return SenderFactory.create(tenant=tenant, platform=Platform.TELEGRAM, **fields)


def refusal(error: InvalidInput) -> tuple[str, int, str | None, str, dict[str, Any]]:
    return error.code, error.status, error.attr, error.detail, error.data


def test_the_named_sender_is_taken(tenant: Tenant) -> None:
    named, _ = bot(tenant), bot(tenant, is_default=True)
    chosen = choose_sender(tenant=tenant, platform=Platform.TELEGRAM, sender_id=named.pk)
    assert chosen == named


def test_the_only_active_sender_is_taken(tenant: Tenant) -> None:
    only = bot(tenant, is_default=False)
    bot(tenant, is_active=False, is_default=False)
    assert choose_sender(tenant=tenant, platform=Platform.TELEGRAM, sender_id=None) == only


def test_the_default_is_taken_from_several(tenant: Tenant) -> None:
    bot(tenant, is_default=False)
    default = bot(tenant, is_default=True)
    assert choose_sender(tenant=tenant, platform=Platform.TELEGRAM, sender_id=None) == default


@pytest.mark.parametrize("kind", ["inactive", "other platform", "other tenant", "none"])
def test_a_named_sender_that_cannot_send_is_refused(tenant: Tenant, kind: str) -> None:
    sender_id = {
        "inactive": lambda: bot(tenant, is_active=False, is_default=False).pk,
        "other platform": lambda: SenderFactory.create(tenant=tenant, platform=Platform.SMS).pk,
        "other tenant": lambda: bot(TenantFactory.create()).pk,
        "none": uuid4,
    }[kind]()
    with pytest.raises(UnknownSender) as raised:
        choose_sender(tenant=tenant, platform=Platform.TELEGRAM, sender_id=sender_id)
    text = "This sender is not active or does not send over TELEGRAM."
    assert refusal(raised.value) == ("no_sender", 400, "sender", text, {})


def test_a_platform_without_a_sender_is_refused(tenant: Tenant) -> None:
    bot(TenantFactory.create())
    with pytest.raises(NoSender) as raised:
        choose_sender(tenant=tenant, platform=Platform.TELEGRAM, sender_id=None)
    text = "There is no sender for TELEGRAM. Set one up first."
    assert refusal(raised.value) == ("no_sender", 400, "sender", text, {})
    assert not isinstance(raised.value, UnknownSender)


def test_several_senders_without_a_default_are_listed(tenant: Tenant) -> None:
    second = bot(tenant, name="Bot B", is_default=False)
    first = bot(tenant, name="Bot A", is_default=False)
    with pytest.raises(AmbiguousChoice) as raised:
        choose_sender(tenant=tenant, platform=Platform.TELEGRAM, sender_id=None)
    choices = [{"id": str(first.pk), "name": "Bot A"}, {"id": str(second.pk), "name": "Bot B"}]
    text = "Several senders would do: name one in `sender`."
    assert refusal(raised.value) == ("ambiguous", 400, "sender", text, {"choices": choices})
