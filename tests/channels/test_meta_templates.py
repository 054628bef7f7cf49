"""Meta's template management: bodies as its own examples have them, answers, webhooks."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.adapter import TemplateChange
from channels.asking import ProviderRefused
from channels.meta_templates import MetaTemplates
from channels.meta_webhook import parse
from channels.template_port import RemoteTemplate, TemplateSpec
from tests.channels.protocols import load
from tests.channels.samples import account, response

META = MetaTemplates()
ACCOUNT = account("meta_cloud")
TUSCANY = "Create template w/ image header, text body, text footer, and 2 call-to-action buttons"
PABLO = TemplateSpec(
    name="abandoned_cart",
    language="en_US",
    category="MARKETING",
    parameter_format="NAMED",
    header_format="TEXT",
    header_text="Forget something {{who}}?",
    body="Use code {{code}} today.",
    examples={"header_who": "Pablo", "code": "10OFF"},
)


def test_a_template_is_submitted_as_in_metas_own_example() -> None:
    official = load("examples/meta_template_create.json")[TUSCANY]
    handle = official["components"][0]["example"]["header_handle"][0]
    spec = TemplateSpec(
        name="limited_time_offer_tuscan_getaway_2023",
        language="en_US",
        category="MARKETING",
        header_format="IMAGE",
        body=official["components"][1]["text"],
        footer="Offer valid until May 31, 2023",
        buttons=(
            {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "16467043595"},
            {
                "type": "URL",
                "text": "Shop Now",
                "url": "https://damp-sea-63235.herokuapp.com/shop?promo={{1}}",
            },
        ),
        examples={
            "header_media": handle,
            "1": "Mark",
            "2": "Tuscan Getaway package",
            "3": "800",
            "button_1": "summer2023",
        },
    )

    request = META.submit_request(ACCOUNT, "1234", spec)

    assert request.json == official
    assert request.url == "https://provider.test/v23.0/1234/message_templates"


def test_named_parameters_have_named_samples() -> None:
    components = META.submit_request(ACCOUNT, "1", PABLO).json["components"]

    assert components[0]["example"] == {
        "header_text_named_params": [{"param_name": "who", "example": "Pablo"}]
    }
    assert components[1]["example"] == {
        "body_text_named_params": [{"param_name": "code", "example": "10OFF"}]
    }


@pytest.mark.parametrize(
    "spec",
    [
        PABLO,
        TemplateSpec(
            name="a",
            language="de",
            category="UTILITY",
            body="Code {{1}} for {{2}}.",
            header_format="DOCUMENT",
            buttons=(
                {"type": "COPY_CODE"},
                {"type": "URL", "text": "a", "url": "https://a.b/{{1}}"},
            ),
            examples={
                "1": "x",
                "2": "y",
                "header_media": "4::h",
                "button_0": "25OFF",
                "button_1": "z",
            },
        ),
    ],
)
def test_what_was_submitted_is_read_back(spec: TemplateSpec) -> None:
    told = META.submit_request(ACCOUNT, "1", spec).json
    listed = {**told, "id": "7", "status": "APPROVED", "quality_score": {"score": "GREEN"}}

    page = META.list_outcome(response(200, {"data": [listed]}))

    (remote,) = page.templates
    assert remote == RemoteTemplate(
        "7", spec.name, spec.language, "APPROVED", spec.category, quality="GREEN", spec=spec
    )


@pytest.mark.parametrize(
    "component",
    [
        {"type": "CAROUSEL", "cards": []},
        {"type": "HEADER", "format": "LOCATION"},
        {"type": "BODY", "example": {"body_text": 7}},
    ],
)
def test_what_our_model_cannot_hold_has_no_text(component: dict[str, Any]) -> None:
    listed = {
        "id": "7",
        "name": "a",
        "language": "en",
        "status": "IN_APPEAL",
        "category": "MARKETING",
        "components": [component],
    }

    (remote,) = META.list_outcome(response(200, {"data": [listed]})).templates

    assert (remote.spec, remote.status) == (None, "PENDING")


def test_pages_follow_each_other() -> None:
    paging = {"cursors": {"after": "xyz"}, "next": "https://graph.facebook.com/…"}

    assert META.list_outcome(response(200, {"data": [], "paging": paging})).after == "xyz"
    del paging["next"]
    assert META.list_outcome(response(200, {"data": [], "paging": paging})).after == ""
    assert "after=xyz" in META.list_request(ACCOUNT, "1", after="xyz").url


@pytest.mark.parametrize("body", [{}, {"data": 7}, {"data": [7]}, {"data": [{}]}, [], b"<html>"])
def test_an_answer_that_is_no_list_is_refused(body: Any) -> None:
    with pytest.raises(ProviderRefused):
        META.list_outcome(response(200, body))


def test_a_refusal_is_said_in_metas_words() -> None:
    error = {"code": 100, "error_subcode": 2388024, "message": "(#100)", "error_user_msg": "Taken"}

    with pytest.raises(ProviderRefused, match="Taken") as refused:
        META.submit_outcome(response(400, {"error": error}))

    assert refused.value.data == {"provider_code": "2388024"}


# --- webhooks ---

COMMON = {
    "message_template_id": 123,
    "message_template_name": "sale",
    "message_template_language": "pt-BR",
}


def call(field: str, **value: Any) -> bytes:
    entry = {"id": "55", "time": 1751247548, "changes": [{"field": field, "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("APPROVED", "APPROVED"),
        ("REJECTED", "REJECTED"),
        ("PAUSED", "PAUSED"),
        ("FLAGGED", "APPROVED"),
        ("REINSTATED", "APPROVED"),
        ("PENDING_DELETION", "DISABLED"),
        ("SOMETHING_NEW", "PENDING"),
    ],
)
def test_a_status_is_read(event: str, status: str) -> None:
    body = call("message_template_status_update", **COMMON, event=event, reason="NONE")

    (change,) = parse(body)

    assert isinstance(change, TemplateChange)
    assert (change.status, change.reason, change.language) == (status, "", "pt_BR")
    assert change.at == datetime.fromtimestamp(1751247548, tz=UTC)


def test_a_reason_comes_with_its_explanation() -> None:
    info = {"reason": "Parameters cannot be next to each other."}
    body = call(
        "message_template_status_update",
        **COMMON,
        event="REJECTED",
        reason="INVALID_FORMAT",
        rejection_info=info,
    )

    (change,) = parse(body)

    assert isinstance(change, TemplateChange)
    assert change.reason == "INVALID_FORMAT: Parameters cannot be next to each other."


def test_quality_and_category_are_read_and_a_warning_changes_nothing() -> None:
    quality = call("message_template_quality_update", **COMMON, new_quality_score="RED")
    done = call("template_category_update", **COMMON, new_category="MARKETING")
    to_come = call(
        "template_category_update", **COMMON, new_category="UTILITY", correct_category="MARKETING"
    )

    changes = [*parse(quality), *parse(done)]
    told = [(e.quality, e.category) for e in changes if isinstance(e, TemplateChange)]
    assert told == [("RED", ""), ("", "MARKETING")]
    assert parse(to_come) == []


def test_a_call_that_names_no_template_is_not_as_documented() -> None:
    with pytest.raises(ValueError, match="documents"):
        parse(call("message_template_status_update", event="APPROVED"))
