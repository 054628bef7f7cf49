"""Meta's template management: bodies as in its own examples, and its answers."""

from typing import Any

import pytest

from channels.http.asking import ProviderRefused
from channels.port.template_port import CardSpec, RemoteTemplate, Sample, TemplateSpec
from channels.providers.meta.templates import MetaTemplates
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import account, response

META = MetaTemplates()
ACCOUNT = account("meta_cloud")
TUSCANY = "Create template w/ image header, text body, text footer, and 2 call-to-action buttons"
LOOK = {"type": "URL", "text": "Look", "url": "https://shop.example/{{1}}"}
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


def read_back(**fields: Any) -> RemoteTemplate:
    """A template in Meta's list, as the adapter reads it."""
    listed = {"id": "7", "name": "a", "language": "en", "status": "APPROVED"}
    body = {"data": [listed | {"category": "MARKETING"} | fields]}
    (remote,) = META.list_outcome(response(200, body)).templates
    return remote


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
        TemplateSpec(
            name="plants",
            language="en",
            category="MARKETING",
            body="Hello {{1}}, look.",
            cards=(
                CardSpec("IMAGE", "Aloe for {{1}}", ({"type": "QUICK_REPLY", "text": "No"}, LOOK)),
                CardSpec("IMAGE", "Fern for {{1}}", ({"type": "QUICK_REPLY", "text": "No"}, LOOK)),
            ),
            examples={
                "1": "Ana",
                "card_0_header_media": "4::a",
                "card_0_1": "9 €",
                "card_0_button_1": "aloe",
                "card_1_header_media": "4::b",
                "card_1_1": "7 €",
                "card_1_button_1": "fern",
            },
        ),
    ],
)
def test_what_was_submitted_is_read_back(spec: TemplateSpec) -> None:
    submitted = META.submit_request(ACCOUNT, "1", spec).json
    listed = {**submitted, "id": "7", "status": "APPROVED", "quality_score": {"score": "GREEN"}}

    page = META.list_outcome(response(200, {"data": [listed]}))

    (remote,) = page.templates
    assert remote == RemoteTemplate(
        "7", spec.name, spec.language, "APPROVED", spec.category, quality="GREEN", spec=spec
    )


@pytest.mark.parametrize(
    "component",
    [
        {"type": "LIMITED_TIME_OFFER"},
        {"type": "HEADER", "format": "LOCATION"},
        {"type": "BODY", "example": {"body_text": 7}},
    ],
)
def test_what_our_model_cannot_hold_has_no_text(component: dict[str, Any]) -> None:
    remote = read_back(status="IN_APPEAL", components=[component])

    assert (remote.spec, remote.status) == (None, "PENDING")


def test_a_carousel_of_products_has_no_text() -> None:
    product = {"components": [{"type": "BUTTONS", "buttons": [{"type": "SPM", "text": "View"}]}]}
    components = [{"type": "BODY", "text": "Look"}, {"type": "CAROUSEL", "cards": [product]}]
    remote = read_back(components=components)

    assert remote.spec is None


def test_a_one_time_password_is_read_as_meta_shows_it() -> None:
    url = (
        "https://www.whatsapp.com/otp/code/?otp_type=ONE_TAP&code_expiration_minutes=5"
        "&package_name=com.example.shop&signature_hash=K8a%2FAINcGX7&code=otp"
    )
    button = {"type": "URL", "text": "Copy code", "url": url + "{{1}}", "example": [url + "123456"]}
    components = [
        {"type": "BODY", "text": "*{{1}}* is your code.", "add_security_recommendation": True},
        {"type": "FOOTER", "text": "This code expires in 5 minutes."},
        {"type": "BUTTONS", "buttons": [button]},
    ]

    remote = read_back(category="AUTHENTICATION", components=components)

    assert remote.spec is not None
    assert (remote.spec.add_security_recommendation, remote.spec.code_expiration_minutes) == (
        True,
        5,
    )
    app = {"package_name": "com.example.shop", "signature_hash": "K8a/AINcGX7"}
    otp_button = {
        "type": "OTP",
        "otp_type": "ONE_TAP",
        "text": "Copy code",
        "supported_apps": [app],
    }
    assert (remote.spec.buttons, remote.spec.examples) == ((otp_button,), {})


def test_a_deletion_names_the_template_and_its_id() -> None:
    request = META.delete_request(ACCOUNT, "1234", "77", "summer_sale")

    assert (request.method, request.url) == (
        "DELETE",
        "https://provider.test/v23.0/1234/message_templates?name=summer_sale&hsm_id=77",
    )
    META.delete_outcome(response(200, {"success": True}))


@pytest.mark.parametrize(
    ("status", "body"), [(200, {"success": False}), (200, {}), (400, {}), (200, b"<html>")]
)
def test_anything_else_is_no_deletion(status: int, body: Any) -> None:
    with pytest.raises(ProviderRefused):
        META.delete_outcome(response(status, body))


@pytest.mark.parametrize(
    "answers",
    [
        [{}],
        [{"id": 7}],
        [{"id": "1"}, {"id": "https://elsewhere.example/"}],
        [{"id": "1"}, {"id": "upload:a"}, {"h": ""}],
        [{"id": "1"}, {"id": "upload:a"}, {"error": {"message": "No"}}],
    ],
)
def test_an_upload_that_goes_wrong_is_refused(answers: list[dict[str, Any]]) -> None:
    steps = META.upload(ACCOUNT, Sample("a.png", "image/png", b"x"))
    next(steps)
    *good, bad = answers
    for body in good:
        steps.send(response(200, body))

    with pytest.raises(ProviderRefused):
        steps.send(response(200, bad))


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
