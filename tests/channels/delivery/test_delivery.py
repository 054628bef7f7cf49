"""Every message gets one outcome, in at most two cuts, whatever the provider does."""

import asyncio
import logging
import time
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from channels.delivery.delivery import Outcomes, check_credentials, deliver
from channels.port.messages import OutboundMessage, TemplateContent
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.registry import UnknownProvider
from channels.providers.telegram.adapter import TelegramBot
from tests.channels.http import far_end as far_ends
from tests.channels.http.far_end import Behaviour, FarEnd, answer, replies
from tests.channels.providers.samples import account, text


def test_all_are_accepted_in_one_cut(far_end: FarEnd) -> None:
    far_end.behaviour = far_ends.keeps_answering
    messages = batch(50)
    (cut,) = send(far_end, messages)
    assert {message_id for message_id, _ in cut} == {message.id for message in messages}
    assert {outcome for _, outcome in cut} == {
        Outcome(OutcomeKind.ACCEPTED, provider_message_id="42:7")
    }
    assert far_end.fully_read == 50


def test_the_late_ones_come_in_a_second_cut(far_end: FarEnd) -> None:
    far_end.behaviour = first_at_once_others_later
    first, second = send(far_end, batch(5), first_cut=0.3)
    assert (len(first), len(second)) == (1, 4)
    assert {outcome.kind for _, outcome in first + second} == {OutcomeKind.ACCEPTED}


def test_one_that_never_answers_is_unknown_within_the_timeout(far_end: FarEnd) -> None:
    far_end.behaviour = far_ends.hangs_after_reading
    begun = time.monotonic()
    ((_, outcome),) = send(far_end, batch(1), first_cut=0.1, timeout=0.5)[0]
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "no_answer")
    assert time.monotonic() - begun < 2


ACCEPTED_THEN_FAILED = replies(answer("500 Internal Server Error", b"oops"))


@pytest.mark.parametrize(
    ("behaviour", "kind", "code"),
    [
        (ACCEPTED_THEN_FAILED, OutcomeKind.UNKNOWN, "provider_unavailable"),
        (far_ends.closes_after_reading, OutcomeKind.UNKNOWN, "connection_lost"),
        (far_ends.resets_after_reading, OutcomeKind.UNKNOWN, "connection_lost"),
        (replies(b"SMTP ready\r\n\r\n"), OutcomeKind.UNKNOWN, "answer_unreadable"),
        (replies(answer("200 OK", b"<html>")), OutcomeKind.UNKNOWN, "answer_unreadable"),
        (
            replies(answer("307 Temporary Redirect", b"", "Location: /")),
            OutcomeKind.PERMANENT,
            "provider_redirected",
        ),
    ],
)
def test_what_was_read_is_never_passing(
    far_end: FarEnd, behaviour: Behaviour, kind: OutcomeKind, code: str
) -> None:
    far_end.behaviour = behaviour
    (cut,) = send(far_end, batch(3))
    assert [(outcome.kind, outcome.code) for _, outcome in cut] == [(kind, code)] * 3
    assert far_end.fully_read == 3


def test_a_refused_connection_is_passing() -> None:
    sender = account("telegram_bot", base_url="http://127.0.0.1:1")
    (cut,) = deliver(account=sender, messages=batch(2), timeout=2, first_cut=2)
    assert {outcome.kind for _, outcome in cut} == {OutcomeKind.PASSING}
    assert {outcome.code for _, outcome in cut} == {"connect_failed"}


def test_a_message_that_cannot_be_built_does_not_take_the_others_along(far_end: FarEnd) -> None:
    far_end.behaviour = far_ends.keeps_answering
    good = batch(2)
    bad = replace(good[0], id=uuid4(), content=TemplateContent("t", "en"))
    (cut,) = send(far_end, [good[0], bad, good[1]])
    outcomes = dict(cut)
    assert (outcomes[bad.id].kind, outcomes[bad.id].code) == (
        OutcomeKind.PERMANENT,
        "adapter_error",
    )
    assert [outcomes[message.id].kind for message in good] == [OutcomeKind.ACCEPTED] * 2
    assert far_end.fully_read == 2


def test_a_message_that_waits_for_its_recipients_limit_keeps_no_other_waiting(
    far_end: FarEnd,
) -> None:
    far_end.behaviour = far_ends.keeps_answering
    at_once, later = batch(2)
    sender = account("telegram_bot", base_url=far_end.url)
    starts = {later.id: time.monotonic() + 0.6}
    first, second = deliver(
        account=sender, messages=[at_once, later], timeout=3, first_cut=0.3, starts=starts
    )
    assert [
        [(message_id, outcome.kind) for message_id, outcome in cut] for cut in (first, second)
    ] == [
        [(at_once.id, OutcomeKind.ACCEPTED)],
        [(later.id, OutcomeKind.ACCEPTED)],
    ]


def test_missing_credentials_are_a_fault_of_the_configuration(far_end: FarEnd) -> None:
    sender = replace(account("telegram_bot", base_url=far_end.url), credentials={})
    outcome = check_credentials(account=sender, timeout=1)
    assert (outcome.kind, outcome.cause) == (OutcomeKind.PERMANENT, FailureCause.CONFIG)
    assert far_end.connections == 0


def test_an_answer_that_breaks_the_adapter_is_unknown(
    far_end: FarEnd, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    far_end.behaviour = far_ends.keeps_answering
    monkeypatch.setattr(TelegramBot, "send_outcome", breaks)
    with caplog.at_level(logging.ERROR):
        (cut,) = send(far_end, batch(2))
    assert {(outcome.kind, outcome.code) for _, outcome in cut} == {
        (OutcomeKind.UNKNOWN, "adapter_error")
    }
    assert "secret" not in str([record.__dict__ for record in caplog.records])


def test_an_unmapped_code_is_logged_once(far_end: FarEnd, caplog: pytest.LogCaptureFixture) -> None:
    body = b'{"ok":false,"error_code":418,"description":"Teapot: short"}'
    far_end.behaviour = replies(answer("418 Teapot", body, "Connection: close"))
    with caplog.at_level(logging.WARNING, logger="channels.delivery.delivery"):
        (cut,) = send(far_end, batch(3))
    assert {outcome.code for _, outcome in cut} == {"provider_error_unmapped"}
    lines: list[Any] = [record.msg for record in caplog.records]
    assert [line["event"] for line in lines] == ["provider_error_unmapped"]


def test_no_messages_no_cuts(far_end: FarEnd) -> None:
    assert send(far_end, []) == []


def test_an_unknown_provider_is_refused() -> None:
    sender = replace(account("telegram_bot"), provider="pigeon")
    with pytest.raises(UnknownProvider):
        list(deliver(account=sender, messages=batch(1), timeout=1, first_cut=1))


def test_check_sends_no_message(far_end: FarEnd) -> None:
    body = b'{"ok":true,"result":{"id":123456,"username":"demo_bot"}}'
    far_end.behaviour = replies(answer("200 OK", body))
    outcome = check_credentials(account=account("telegram_bot", base_url=far_end.url), timeout=2)
    assert outcome == Outcome(OutcomeKind.ACCEPTED, message="@demo_bot (123456)")


def send(
    far: FarEnd, messages: list[OutboundMessage], *, first_cut: float = 2, timeout: float = 3
) -> list[Outcomes]:
    sender = account("telegram_bot", base_url=far.url)
    return list(deliver(account=sender, messages=messages, timeout=timeout, first_cut=first_cut))


def batch(size: int) -> list[OutboundMessage]:
    return [text(message_id=UUID(int=number)) for number in range(1, size + 1)]


def breaks(*_: object) -> Outcome:
    raise KeyError("bot123456:secret-TOKEN")


async def first_at_once_others_later(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await far.read_request(reader)
    await asyncio.sleep(0 if far.fully_read == 1 else 1)
    writer.write(far_ends.OK)
