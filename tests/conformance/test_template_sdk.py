"""pywa and our port make the same requests to submit, upload and delete templates."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pywa import WhatsApp
from pywa.types.templates import (
    AuthenticationBody,
    AuthenticationFooter,
    BodyText,
    Buttons,
    Carousel,
    CarouselCard,
    CopyCodeOTPButton,
    HeaderImage,
    OneTapOTPButton,
    OTPSupportedApp,
    QuickReplyButton,
    Template,
    TemplateCategory,
    TemplateLanguage,
    URLButton,
)

from channels.port.http_calls import HttpRequest
from channels.port.template_port import Sample
from channels.providers.meta.templates import MetaTemplates
from channels.providers.registry import adapter_for
from tests.channels.providers.samples import account, response
from tests.conformance.corpus import SPECS

Proven = Callable[[str, str], None]
WABA, APP, SESSION, HANDLE = "102290129340398", "634974688087057", "upload:MTp/h+d?sig=AR", "4::aW"
PNG = b"\x89PNG\r\n\x1a\n0000"
OURS = account("meta_cloud", base_url=adapter_for("meta_cloud").default_base_url)
META = MetaTemplates()


class Recorder:
    """Records the requests of pywa and answers as Meta does."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        path = request.url.path
        if path.endswith("/uploads"):
            return httpx.Response(200, json={"id": SESSION})
        if "/upload:" in path:
            return httpx.Response(200, json={"h": HANDLE})
        template = {"id": "7", "status": "PENDING", "category": "MARKETING", "success": True}
        return httpx.Response(200, json=template)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def by_pywa(recorder: Recorder, do: Callable[[WhatsApp], Any]) -> list[httpx.Request]:
    token = OURS.credentials["access_token"]
    with httpx.Client(transport=httpx.MockTransport(recorder)) as session:
        do(WhatsApp(phone_id="1", token=token, session=session, api_version=23.0))
    return recorder.requests


def card() -> CarouselCard:
    return CarouselCard(
        components=[
            HeaderImage(example=PNG, mime_type="image/png"),
            BodyText("For {{1}}", "9 €"),
            Buttons(
                buttons=[
                    QuickReplyButton(text="Not for me"),
                    URLButton(text="Look", url="https://shop.test/r/{{1}}", example="abc123"),
                ]
            ),
        ]
    )


def template(name: str, category: TemplateCategory, components: list[Any]) -> Template:
    return Template(
        name=name, language=TemplateLanguage.ENGLISH_US, category=category, components=components
    )


MINUTES = AuthenticationFooter(code_expiration_minutes=10)
ONE_TAP = OneTapOTPButton(
    text="Copy code",
    autofill_text="Fill in",
    supported_apps=[OTPSupportedApp(package_name="com.example.shop", signature_hash="K8a/AINcGX7")],
)
SUBMITTED: dict[str, Callable[[], Template]] = {
    "carousel": lambda: template(
        "plants",
        TemplateCategory.MARKETING,
        [BodyText("Hello {{1}}, look.", "Ana"), Carousel(cards=[card(), card()])],
    ),
    "one-time password": lambda: template(
        "login_code",
        TemplateCategory.AUTHENTICATION,
        [
            AuthenticationBody(add_security_recommendation=True),
            MINUTES,
            Buttons(buttons=[CopyCodeOTPButton(text="Copy code")]),
        ],
    ),
    "one-tap password": lambda: template(
        "login_code_app",
        TemplateCategory.AUTHENTICATION,
        [
            AuthenticationBody(add_security_recommendation=False),
            MINUTES,
            Buttons(buttons=[ONE_TAP]),
        ],
    ),
}


@pytest.mark.parametrize("name", SUBMITTED)
def test_submitting(name: str, recorder: Recorder, proven: Proven) -> None:
    sent = by_pywa(
        recorder, lambda wa: wa.create_template(SUBMITTED[name](), waba_id=WABA, app_id=APP)
    )

    request = META.submit_request(OURS, WABA, SPECS[name])

    assert (request.method, request.url) == (sent[-1].method, str(sent[-1].url))
    assert without_defaults(request.json) == without_defaults(json.loads(sent[-1].content))
    proven("meta_cloud", "SDK: pywa")


def test_uploading(recorder: Recorder, proven: Proven) -> None:
    requests = by_pywa(
        recorder,
        lambda wa: wa.create_template(SUBMITTED["carousel"](), waba_id=WABA, app_id=APP),
    )
    begin, upload = requests[:2]
    name = begin.url.params["file_name"]
    steps = META.upload(OURS, Sample(name, "image/png", PNG))

    ours = [next(steps)]  # asks for the token's app, which pywa gets as an argument
    ours += [steps.send(response(200, body)) for body in ({"id": APP}, {"id": SESSION})]
    with pytest.raises(StopIteration) as done:
        steps.send(response(200, {"h": HANDLE}))

    assert done.value.value == HANDLE
    same(ours[1], begin)
    same(ours[2], upload)
    assert ours[2].content == upload.content == PNG
    assert ours[2].headers["file_offset"] == upload.headers["file_offset"] == "0"
    proven("meta_cloud", "SDK: pywa")


def test_deleting(recorder: Recorder, proven: Proven) -> None:
    (request,) = by_pywa(
        recorder, lambda wa: wa.delete_template("plants", template_id="77", waba_id=WABA)
    )

    same(META.delete_request(OURS, WABA, "77", "plants"), request)
    proven("meta_cloud", "SDK: pywa")


def same(request: HttpRequest, expected: httpx.Request) -> None:
    """Asserts the same method, address and query; the order of a query has no meaning."""
    url = httpx.URL(request.url)
    assert request.method == expected.method
    assert (url.host, url.path) == (expected.url.host, expected.url.path)
    assert sorted(url.params.multi_items()) == sorted(expected.url.params.multi_items())


def without_defaults(value: Any) -> Any:
    """Removes the default format of parameters, which pywa writes and we omit."""
    if isinstance(value, dict):
        default = ("parameter_format", "POSITIONAL")
        return {
            key: without_defaults(part) for key, part in value.items() if (key, part) != default
        }
    return [without_defaults(part) for part in value] if isinstance(value, list) else value
