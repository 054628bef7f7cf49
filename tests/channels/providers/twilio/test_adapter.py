"""Requests, answers and the error map of Twilio's Message resource."""

import json
from dataclasses import replace
from typing import Any

import pytest

from channels.platforms import Platform
from channels.port.messages import (
    Button,
    ButtonKind,
    ButtonParameter,
    Media,
    Parameter,
    ParameterKind,
    TemplateContent,
    TextContent,
)
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.twilio.adapter import Twilio
from channels.providers.twilio.errors import ERRORS
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import CALLED, MESSAGE_ID, account, response, template, text

TWILIO = Twilio()
SENDER = account("twilio")
HX = "HX" + "b" * 32
FULL = TemplateContent(
    name="summer_sale",
    language="en_US",
    header=(Parameter("https://cdn.test/sale.jpg", kind=ParameterKind.IMAGE),),
    body=(Parameter("Ana"), Parameter("20 %")),
    buttons=(ButtonParameter(0, "abc123"),),
    provider_template_id=HX,
)


def test_a_text() -> None:
    request = TWILIO.send_request(SENDER, text("Hi", to="+491701234567"))
    sid = "AC" + "a" * 32
    assert request.url == f"https://provider.test/2010-04-01/Accounts/{sid}/Messages.json"
    assert request.headers["Authorization"].startswith("Basic QUNhYWFh")
    assert request.form == {
        "To": "+491701234567",
        "From": "+14155552345",
        "Body": "Hi",
        "StatusCallback": f"{CALLED}?broadcast_message_id={MESSAGE_ID}",
    }


def test_a_messaging_service_sends() -> None:
    service = "MG" + "c" * 32
    form = TWILIO.send_request(replace(SENDER, account_id=service), text()).form or {}
    assert form["MessagingServiceSid"] == service
    assert "From" not in form


@pytest.mark.parametrize(
    ("platform", "prefix"), [(Platform.WHATSAPP, "whatsapp:"), (Platform.RCS, "rcs:")]
)
@pytest.mark.parametrize("written", [True, False])
def test_channels_prefix_both_addresses(platform: Platform, prefix: str, written: bool) -> None:
    sender = f"{prefix if written else ''}+14155552345"
    account_of_platform = replace(SENDER, platform=platform, account_id=sender)
    form = TWILIO.send_request(account_of_platform, text(to="+491701234567")).form or {}
    assert (form["To"], form["From"]) == (f"{prefix}+491701234567", f"{prefix}+14155552345")


def test_a_template_numbers_its_variables_in_one_row() -> None:
    form = TWILIO.send_request(replace(SENDER, platform=Platform.WHATSAPP), template(FULL)).form
    assert form is not None
    assert form["ContentSid"] == HX
    assert json.loads(form["ContentVariables"]) == {
        "1": "Ana",
        "2": "20 %",
        "3": "https://cdn.test/sale.jpg",
        "4": "abc123",
    }
    assert "Body" not in form


def test_named_variables_keep_their_name() -> None:
    content = replace(FULL, header=(), buttons=(), body=(Parameter("Ana", name="first_name"),))
    form = TWILIO.send_request(SENDER, template(content)).form or {}
    assert form["ContentVariables"] == '{"first_name":"Ana"}'


def test_a_template_without_variables_sends_none() -> None:
    content = TemplateContent("hi", "en", provider_template_id=HX)
    assert "ContentVariables" not in (TWILIO.send_request(SENDER, template(content)).form or {})


def test_media_goes_by_url() -> None:
    media = Media(ParameterKind.IMAGE, "https://cdn.test/sale.jpg")
    form = TWILIO.send_request(SENDER, message_of(TextContent("Sale", media=media))).form or {}
    assert (form["Body"], form["MediaUrl"]) == ("Sale", "https://cdn.test/sale.jpg")


def test_a_registered_text_goes_by_its_sid() -> None:
    content = TextContent("Hi Ana", template_id=HX, variables={"1": "Ana"})
    form = TWILIO.send_request(SENDER, message_of(content)).form or {}
    assert (form["ContentSid"], form["ContentVariables"]) == (HX, '{"1":"Ana"}')
    assert "Body" not in form


@pytest.mark.parametrize(
    "content",
    [
        TemplateContent("hi", "en"),
        TextContent("Hi", buttons=(Button(ButtonKind.URL, "Shop", "https://a.test"),)),
    ],
)
def test_what_twilio_cannot_say_is_not_built(content: Any) -> None:
    with pytest.raises(ValueError, match=r"ContentSid|content templates"):
        TWILIO.send_request(SENDER, message_of(content))


def test_without_an_endpoint_no_receipts_are_asked_for() -> None:
    form = TWILIO.send_request(replace(SENDER, webhook_url=""), text()).form or {}
    assert "StatusCallback" not in form


# --- answers ------------------------------------------------------------------------------------


def test_accepted() -> None:
    outcome = TWILIO.send_outcome(response(201, {"sid": "SM1", "status": "queued"}))
    assert outcome == Outcome(OutcomeKind.ACCEPTED, provider_message_id="SM1")


def test_taken_and_given_up_at_once() -> None:
    body = {"sid": "SM1", "status": "failed", "error_code": 21610, "error_message": None}
    outcome = TWILIO.send_outcome(response(201, body))
    assert (outcome.kind, outcome.code) == (OutcomeKind.PERMANENT, "opted_out")
    assert outcome.cause is FailureCause.OPT_OUT
    assert outcome.provider_message_id == "SM1"


@pytest.mark.parametrize("code", ERRORS)
def test_every_row_of_the_error_map(code: int) -> None:
    outcome = TWILIO.send_outcome(response(400, error(code)))
    rule = ERRORS[code]
    assert (outcome.kind, outcome.code, outcome.cause) == (rule.kind, rule.code, rule.cause)
    assert outcome.provider_code == str(code)
    assert (outcome.retry_after is not None) is (rule.kind is OutcomeKind.LIMITED or code == 63049)


# If Twilio does not say "not processed", the message is not sent again.
STRICTER = {
    30008: ("unknown", ""), 30410: ("unknown", ""), 63010: ("unknown", ""), 63012: ("unknown", ""),
    30003: ("permanent", "recipient"), 30036: ("permanent", "recipient"),
    63019: ("permanent", "content"), 63036: ("permanent", "recipient"),
    # This sender to this destination, or Meta's limit of marketing to one person.
    21408: ("permanent", "route"), 21606: ("permanent", "route"), 21608: ("permanent", "route"),
    21612: ("permanent", "route"), 21703: ("permanent", "route"), 63032: ("permanent", "capped"),
    63049: ("permanent", "capped"), 30002: ("permanent", "config"),
}  # fmt: skip
CLASSES = {
    "permanent_config": ("permanent", "config"),
    "permanent_account": ("permanent", "config"),
    "permanent_recipient": ("permanent", "recipient"),
    "permanent_content": ("permanent", "content"),
    "opt_out": ("permanent", "opt_out"),
    "rate_limited": ("limited", ""),
}


def test_the_map_covers_the_published_classes() -> None:
    for name, label in load("error_classes.json")["twilio"].items():
        if name.startswith("_"):
            continue
        outcome = TWILIO.send_outcome(response(400, error(int(name))))
        expected = STRICTER.get(int(name)) or CLASSES[label.partition("(")[0]]
        assert (outcome.kind, outcome.cause) == expected, name


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, OutcomeKind.PERMANENT), (429, OutcomeKind.LIMITED), (500, OutcomeKind.UNKNOWN)],
)
def test_a_code_that_nobody_mapped(status: int, kind: OutcomeKind) -> None:
    outcome = TWILIO.send_outcome(response(status, error(99999)))
    assert (outcome.kind, outcome.code) == (kind, "provider_error_unmapped")
    assert (outcome.provider_code, outcome.message) == ("99999", "the words")


def test_check_asks_for_the_newest_message_and_shows_nothing_of_it() -> None:
    request = TWILIO.check_request(SENDER)
    assert request.method == "GET"
    assert request.url.endswith(f"/Accounts/AC{'a' * 32}/Messages.json?PageSize=1")
    page = {"messages": [{"body": "hush"}], "uri": "/2010-04-01/…"}
    outcome = TWILIO.check_outcome(response(200, page))
    assert outcome == Outcome(OutcomeKind.ACCEPTED, message="Twilio knows the account.")


def message_of(content: TextContent | TemplateContent) -> Any:
    return replace(text(to="+491701234567"), content=content)


def error(code: int) -> dict[str, Any]:
    return {"code": code, "message": "the words", "more_info": "https://…", "status": 400}
