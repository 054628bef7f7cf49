"""Submitting templates to Gupshup and reading them back."""

import json
from dataclasses import replace
from typing import Any

import pytest

from channels.http.asking import ProviderRefused, ask
from channels.port.template_port import CardSpec, Submitted, TemplateSpec
from channels.providers.gupshup.templates import GupshupTemplates
from sandbox.running import running_sandbox
from tests.channels.providers.samples import account, response

GUPSHUP = GupshupTemplates()
SENDER = account("gupshup")
SPEC = TemplateSpec(
    name="summer_sale",
    language="en_US",
    category="MARKETING",
    body="Hi {{1}}, get {{2}} off.",
    header_format="TEXT",
    header_text="Sale in {{1}}",
    footer="Bye",
    buttons=[{"type": "URL", "text": "Shop", "url": "https://shop.test/{{1}}"}],
    examples={"1": "Ana", "2": "20 %", "header_1": "Pune", "button_0": "abc"},
)


def test_a_template_is_submitted_as_a_form() -> None:
    request = GUPSHUP.submit_request(SENDER, "", SPEC)
    assert (request.method, request.url) == (
        "POST",
        "https://provider.test/wa/app/82ed52f4/template",
    )
    assert request.headers == {"apikey": "secret-APIKEY"}
    form = dict(request.form or {})
    assert json.loads(form.pop("buttons")) == [
        {
            "type": "URL",
            "text": "Shop",
            "url": "https://shop.test/{{1}}",
            "example": ["https://shop.test/abc"],
        }
    ]
    assert form == {
        "elementName": "summer_sale",
        "languageCode": "en_US",
        "category": "MARKETING",
        "vertical": "Broadcast",
        "templateType": "TEXT",
        "content": "Hi {{1}}, get {{2}} off.",
        "example": "Hi [Ana], get [20 %] off.",
        "enableSample": "true",
        "header": "Sale in {{1}}",
        "exampleHeader": "Sale in [Pune]",
        "footer": "Bye",
    }


def test_a_change_names_the_template() -> None:
    request = GUPSHUP.edit_request(SENDER, "", "id/1", SPEC)
    assert (request.method, request.url) == (
        "PUT",
        "https://provider.test/wa/app/82ed52f4/template/id%2F1",
    )


def test_names_of_parameters_are_refused_before_gupshup_does() -> None:
    named = TemplateSpec("a", "en", "UTILITY", "Hi {{who}}", parameter_format="NAMED")
    with pytest.raises(ProviderRefused):
        GUPSHUP.submit_request(SENDER, "", named)


def test_a_deletion_is_by_name() -> None:
    request = GUPSHUP.delete_request(SENDER, "", "id", "summer_sale")

    assert (request.method, request.url) == (
        "DELETE",
        "https://provider.test/wa/app/82ed52f4/template/summer_sale",
    )
    GUPSHUP.delete_outcome(response(200, {"status": "success"}))
    error = {"status": "error", "message": "Template Does not exists."}
    with pytest.raises(ProviderRefused, match="not exists"):
        GUPSHUP.delete_outcome(response(400, error))


def test_what_is_made_at_gupshups_own_pages_is_said() -> None:
    with pytest.raises(ProviderRefused, match="own pages"):
        GUPSHUP.submit_request(SENDER, "", replace(SPEC, cards=[CardSpec("IMAGE")] * 2))


APPS = [{"package_name": "com.example.shop", "signature_hash": "K8a/AINcGX7"}]
CODE = TemplateSpec(
    name="login_code",
    language="en",
    category="AUTHENTICATION",
    body="*{{1}}* is your verification code. For your security, do not share this code.",
    footer="This code expires in 10 minutes.",
    buttons=[
        {"type": "OTP", "otp_type": "ONE_TAP", "text": "Copy code", "supported_apps": APPS},
    ],
    add_security_recommendation=True,
    code_expiration_minutes=10,
)


def test_a_one_time_password_says_what_was_chosen_of_metas_text() -> None:
    form = dict(GUPSHUP.submit_request(SENDER, "", CODE).form or {})
    assert json.loads(form.pop("buttons")) == CODE.buttons
    assert form == {
        "elementName": "login_code",
        "languageCode": "en",
        "category": "AUTHENTICATION",
        "vertical": "Broadcast",
        "templateType": "TEXT",
        "content": CODE.body,
        "example": CODE.body.replace("{{1}}", "[123456]"),
        "enableSample": "true",
        "footer": CODE.footer,
        "addSecurityRecommendation": "true",
        "codeExpirationMinutes": "10",
    }


def test_taken_for_review() -> None:
    body = {
        "status": "success",
        "template": {"id": "x", "status": "PENDING", "category": "UTILITY"},
    }
    assert GUPSHUP.submit_outcome(response(200, body)) == Submitted("x", "PENDING", "UTILITY")
    assert GUPSHUP.submit_outcome(response(200, {"status": "success"})) == Submitted("", "PENDING")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"status": "error", "message": "Template Already exists"}),
        (200, {"status": "error", "message": "Template Already exists"}),
        (500, {}),
        (200, {}),
        (200, b"<html>"),
    ],
)
def test_a_refusal_speaks(status: int, body: Any) -> None:
    for read in (GUPSHUP.submit_outcome, GUPSHUP.list_outcome):
        with pytest.raises(ProviderRefused) as refused:
            read(response(status, body))
        assert refused.value.data == {"provider_code": f"http_{status}"}


@pytest.mark.parametrize("body", [{"templates": [{}]}, {"templates": [1]}, {"templates": None}, {}])
def test_a_list_of_another_shape_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ProviderRefused):
        GUPSHUP.list_outcome(response(200, {"status": "success", **body}))


@pytest.mark.parametrize(
    ("word", "ours"),
    [("APPROVED", "APPROVED"), ("FAILED", "REJECTED"), ("PAUSED", "PAUSED"), ("new", "")],
)
def test_statuses(word: str, ours: str) -> None:
    template = {
        "id": "x",
        "elementName": "a",
        "languageCode": "en",
        "category": "UTILITY",
        "status": word,
        "reason": "Because",
        "quality": "HIGH",
        "templateType": "CATALOG",
    }
    body = {"status": "success", "templates": [template]}
    (remote,) = GUPSHUP.list_outcome(response(200, body)).templates
    assert (remote.status, remote.reason, remote.quality) == (ours, "Because", "GREEN")
    # The list shows a template that our model cannot hold, but without its text.
    assert remote.spec is None


def test_a_one_time_password_is_read_back_as_gupshup_shows_it() -> None:
    """Gupshup shows the OTP button as the URL that Meta made of it.

    Source: docs.gupshup.io, zero-tap authentication templates with message validity.
    """
    query = "otp_type=ZERO_TAP&cta_display_name=Autofill&package_name=com.whatsapp.otp.sample"
    query += "&signature_hash=K8a%2FAINcGX7&code_expiration_minutes=10&code=otp"
    url = f"https://www.whatsapp.com/otp/code/?{query}"
    meta = {
        "data": CODE.body,
        "buttons": [
            {
                "type": "URL",
                "text": "sample copy code",
                "url": url + "{{1}}",
                "example": [url + "123456"],
            }
        ],
        "footer": CODE.footer,
        "sampleText": CODE.body.replace("{{1}}", "123456"),
        "enableSample": True,
        "addSecurityRecommendation": True,
        "codeExpirationMinutes": 10,
    }
    listed = {
        "id": "a7b69e78",
        "elementName": "login_code",
        "languageCode": "en",
        "category": "AUTHENTICATION",
        "status": "APPROVED",
        "templateType": "TEXT",
        "containerMeta": json.dumps(meta),
    }
    body = {"status": "success", "templates": [listed]}
    (remote,) = GUPSHUP.list_outcome(response(200, body)).templates
    button = {
        "type": "OTP",
        "otp_type": "ZERO_TAP",
        "text": "sample copy code",
        "supported_apps": [
            {"package_name": "com.whatsapp.otp.sample", "signature_hash": "K8a/AINcGX7"}
        ],
        "zero_tap_terms_accepted": True,
    }
    assert remote.spec == replace(CODE, buttons=[button], examples={"1": "123456"})


def test_what_was_submitted_is_read_back_from_the_sandbox() -> None:
    with running_sandbox() as sandbox:
        sender = account("gupshup", base_url=sandbox.base_url)
        answer = ask(lambda: GUPSHUP.submit_request(sender, "", SPEC), timeout=5)
        submitted = GUPSHUP.submit_outcome(answer)
        for status in ("PENDING", "APPROVED"):
            answer = ask(lambda: GUPSHUP.list_request(sender, "", after=""), timeout=5)
            (remote,) = GUPSHUP.list_outcome(answer).templates
            assert (remote.id, remote.status) == (submitted.id, status)
    assert remote.spec is not None
    assert remote.spec.examples == {"1": "Ana", "2": "20 %"}
    assert (remote.spec.body, remote.spec.header_text) == (SPEC.body, SPEC.header_text)
    assert remote.spec.buttons == SPEC.buttons


def test_a_sample_with_backslashes_is_taken_as_it_is() -> None:
    spec = replace(SPEC, examples={**SPEC.examples, "button_0": r"\1\x"})

    request = GUPSHUP.submit_request(SENDER, "", spec)

    buttons = json.loads(dict(request.form or {})["buttons"])
    assert buttons[0]["example"] == [r"https://shop.test/\1\x"]
