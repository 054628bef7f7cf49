"""One-time passwords: Meta writes the text, and the code fills body and button."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from channels.models import TenantWAApp
from sandbox.running import RunningSandbox
from templates_wa.models import WhatsAppTemplate
from templates_wa.rules.parameters import TemplateParamsWrong, check_params
from tenants.models import Tenant
from tests.factories import TemplateFactory
from tests.templates_wa.provider.lifecycle import reviewed, submit

COPY = {"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}
APPS = [{"package_name": "com.example.shop", "signature_hash": "K8a/AINcGX7"}]
ONE_TAP = {**COPY, "otp_type": "ONE_TAP", "autofill_text": "Fill in", "supported_apps": APPS}
ZERO_TAP = {**ONE_TAP, "otp_type": "ZERO_TAP", "zero_tap_terms_accepted": True}


def code(app: TenantWAApp, **fields: Any) -> dict[str, Any]:
    return {
        "app": str(app.pk),
        "name": "login_code",
        "language": "en_US",
        "category": "AUTHENTICATION",
        "buttons": [COPY],
        **fields,
    }


def test_meta_writes_the_text_of_a_one_time_password(owner: APIClient, app: TenantWAApp) -> None:
    options = {"add_security_recommendation": True, "code_expiration_minutes": 10}

    created = owner.post("/templates/", code(app, **options)).json()

    assert created["body"] == (
        "*{{1}}* is your verification code. For your security, do not share this code."
    )
    assert (created["footer"], created["parameters"]) == ("This code expires in 10 minutes.", ["1"])
    shown = owner.post(f"/templates/{created['id']}/preview/", {"values": {"1": "4711"}}).json()
    assert (shown["body"][:6], shown["buttons"][0]["code"]) == ("*4711*", "4711")

    changed = owner.patch(f"/templates/{created['id']}/", {"add_security_recommendation": False})
    assert changed.json()["body"] == "*{{1}}* is your verification code."
    refused = owner.patch(f"/templates/{created['id']}/", {"body": created["body"]})
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "body")


@pytest.mark.parametrize("button", [COPY, ONE_TAP, ZERO_TAP, {**COPY, "text": ""}])
def test_each_kind_of_button(owner: APIClient, app: TenantWAApp, button: dict[str, Any]) -> None:
    answer = owner.post("/templates/", code(app, buttons=[button]))

    assert answer.status_code == 201, answer.json()
    assert answer.json()["buttons"] == [button]


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"body": "Your code is {{1}}."}, "body"),
        ({"footer": "Bye"}, "footer"),
        ({"header_format": "TEXT", "header_text": "Code"}, "header_format"),
        ({"parameter_format": "NAMED"}, "body"),
        ({"code_expiration_minutes": 0}, "code_expiration_minutes"),
        ({"code_expiration_minutes": 91}, "code_expiration_minutes"),
        ({"code_expiration_minutes": -1}, "code_expiration_minutes"),
        ({"code_expiration_minutes": "soon"}, "code_expiration_minutes"),
        ({"buttons": []}, "buttons"),
        ({"buttons": [COPY, COPY]}, "buttons"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "No"}]}, "buttons"),
        ({"buttons": [{"type": "OTP"}]}, "buttons.0.otp_type"),
        ({"buttons": [{"type": "OTP", "otp_type": "THREE_TAP"}]}, "buttons.0.otp_type"),
        ({"buttons": [{**COPY, "supported_apps": APPS}]}, "buttons.0"),
        ({"buttons": [{**COPY, "otp_type": "ONE_TAP"}]}, "buttons.0.supported_apps"),
        ({"buttons": [{**ONE_TAP, "supported_apps": APPS * 6}]}, "buttons.0.supported_apps"),
        (
            {"buttons": [{**ONE_TAP, "supported_apps": [{**APPS[0], "signature_hash": "x"}]}]},
            "buttons.0.supported_apps",
        ),
        (
            {"buttons": [{**ZERO_TAP, "zero_tap_terms_accepted": False}]},
            "buttons.0.zero_tap_terms_accepted",
        ),
        ({"cards": [{"header_format": "IMAGE"}] * 2}, "category"),
        ({"category": "UTILITY", "body": "Hello"}, "buttons.0.type"),
        (
            {"category": "UTILITY", "body": "Hello", "buttons": [], "code_expiration_minutes": 5},
            "code_expiration_minutes",
        ),
    ],
)
def test_what_meta_would_reject_is_refused(
    owner: APIClient, app: TenantWAApp, change: dict[str, Any], attr: str
) -> None:
    answer = owner.post("/templates/", code(app, **change))

    assert answer.status_code == 400, answer.json()
    assert answer.json()["errors"][0]["attr"] == attr
    assert not WhatsAppTemplate.objects.exists()


@pytest.mark.parametrize("button", [COPY, ONE_TAP, ZERO_TAP])
def test_submitted_reviewed_and_read_back_as_meta_shows_it(
    owner: APIClient, app: TenantWAApp, button: dict[str, Any]
) -> None:
    made = owner.post("/templates/", code(app, buttons=[button], code_expiration_minutes=5)).json()
    template = WhatsAppTemplate.objects.get(pk=made["id"])

    submitted = submit(owner, template)
    assert submitted.status_code == 200, submitted.json()
    approved = reviewed(owner, template)

    # Meta's list does not show the text of an autofill button.
    listed_button = {key: value for key, value in button.items() if key != "autofill_text"}
    assert (approved["status"], approved["buttons"]) == ("APPROVED", [listed_button])
    assert (approved["body"], approved["code_expiration_minutes"]) == (made["body"], 5)


def test_a_one_time_password_made_at_the_provider_is_taken_over(
    owner: APIClient, app: TenantWAApp, sandbox: RunningSandbox
) -> None:
    made = owner.post("/templates/", code(app)).json()
    template = WhatsAppTemplate.objects.get(pk=made["id"])
    submit(owner, template)
    template.delete()

    answer = owner.post("/templates/sync/", {"app": str(app.pk)})

    assert answer.json() == {"created": 1, "updated": 0, "skipped": 0}
    (taken_over,) = WhatsAppTemplate.objects.all()
    assert (taken_over.category, taken_over.buttons) == ("AUTHENTICATION", [COPY])


def test_a_code_is_short(tenant: Tenant) -> None:
    template = TemplateFactory.create(
        tenant=tenant, category="AUTHENTICATION", body="{{1}} is your code.", buttons=[COPY]
    )

    check_params(template, {"1": "{{code}}"})
    with pytest.raises(TemplateParamsWrong):
        check_params(template, {"1": "1" * 16})
