"""A provider's SDK and our adapter make the same request from the same message."""

import asyncio
import base64
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import telegram
from pywa import WhatsApp
from pywa.types.templates import (
    AuthenticationBody,
    BodyText,
    Carousel,
    CarouselCard,
    CopyCodeButton,
    CopyCodeOTPButton,
    HeaderDocument,
    HeaderImage,
    HeaderText,
    HeaderVideo,
    QuickReplyButton,
    TemplateLanguage,
    URLButton,
)
from telegram.request import BaseRequest, RequestData
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels.http.transport import prepare
from channels.port.http_calls import HttpRequest
from channels.port.messages import TemplateContent, TextContent
from channels.providers.registry import adapter_for
from tests.channels.providers.samples import CALLED, MESSAGE_ID
from tests.conformance.corpus import CONTENT_SID, CONTENTS, NOW, message, requests, senders

Proven = Callable[[str, str], None]


def our_request(
    provider: str, content: TextContent | TemplateContent, sender: str = ""
) -> HttpRequest:
    base_url = adapter_for(provider).default_base_url
    account = senders(provider, base_url)[sender]
    return adapter_for(provider).send_request(account, message(provider, content))


# --- twilio -------------------------------------------------------------------------------------

SID = "AC" + "a" * 32
VARIABLES = '{"1":"Ana","2":"20 %"}'
TWILIO: list[tuple[str, str, dict[str, Any]]] = [
    ("sms", "text", {"body": "Hello"}),
    ("sms", "image", {"body": "Sale", "media_url": ["https://cdn.test/sale.jpg"]}),
    ("sms", "bare image", {"media_url": ["https://cdn.test/sale.jpg"]}),
    ("service", "text", {"body": "Hello"}),
    ("whatsapp", "text", {"body": "Hello"}),
    ("whatsapp", "document", {"body": "The menu", "media_url": ["https://cdn.test/menu.pdf"]}),
    ("whatsapp", "template", {"content_sid": CONTENT_SID}),
    (
        "whatsapp",
        "positional body",
        {"content_sid": CONTENT_SID, "content_variables": VARIABLES},
    ),
    ("rcs", "text", {"body": "Hello"}),
    ("rcs", "template", {"content_sid": CONTENT_SID}),
]
ADDRESSES = {
    "sms": {"to": "+16505551234", "from_": "+14155552345"},
    "service": {"to": "+16505551234", "messaging_service_sid": "MG" + "c" * 32},
    "whatsapp": {"to": "whatsapp:+16505551234", "from_": "whatsapp:+14155552345"},
    "rcs": {"to": "rcs:+16505551234", "from_": "rcs:brand_agent"},
}


class Recorder(HttpClient):
    """Records the request of Twilio's client."""

    def __init__(self) -> None:
        self.recorded: dict[str, Any] = {}

    def request(self, method: str, uri: str, *args: Any, **keywords: Any) -> Response:
        names = ("params", "data", "headers", "auth")
        self.recorded = (
            {"method": method, "url": uri} | dict(zip(names, args, strict=False)) | keywords
        )
        return Response(201, json.dumps({"sid": "SM1", "status": "queued"}))


@pytest.mark.parametrize(("sender", "name", "fields"), TWILIO)
def test_twilio(sender: str, name: str, fields: dict[str, Any], proven: Proven) -> None:
    recorder = Recorder()
    client = Client(SID, "secret-token", http_client=recorder)
    callback = f"{CALLED}?broadcast_message_id={MESSAGE_ID}"
    client.messages.create(**ADDRESSES[sender], **fields, status_callback=callback)
    expected, request = recorder.recorded, our_request("twilio", CONTENTS["twilio"][name], sender)
    assert (request.method, request.url) == (expected["method"], expected["url"])
    assert pairs_of(expected["data"]) == sorted((request.form or {}).items())
    basic = base64.b64encode(":".join(expected["auth"]).encode()).decode()
    assert request.headers["Authorization"] == f"Basic {basic}"
    proven("twilio", "SDK: twilio")


def test_twilio_looks_a_lost_message_up(proven: Proven) -> None:
    """The look-up reads the same list with the same filters as Twilio's own client."""
    recorder = Recorder()
    client = Client(SID, "secret-token", http_client=recorder)
    day = NOW.replace(hour=0, minute=0)
    addresses = {"to": "+16505551234", "from_": "+14155552345"}
    with suppress(TwilioException):  # the recorder does not answer with a page
        client.messages.page(**addresses, date_sent_after=day, page_size=100)
    expected, request = recorder.recorded, requests("twilio", "https://api.twilio.com")["look up"]
    url, _, query = request.url.partition("?")
    assert (request.method, url) == (expected["method"], expected["url"])
    filters = {name: str(value) for name, value in expected["params"].items()}
    assert dict(parse_qsl(query)) == filters
    proven("twilio", "SDK: twilio")


def pairs_of(data: dict[str, Any]) -> list[tuple[str, str]]:
    """The form's pairs as they are sent: each value of a list is a pair."""
    encoded = httpx.QueryParams(data)
    return sorted(parse_qsl(str(encoded), keep_blank_values=True))


# --- pywa ---------------------------------------------------------------------------------------

# The class and its parent both define `params`; mypy sees the parent's signature.
body_of: Any = BodyText.params
title_of: Any = HeaderText.params
IMAGE = HeaderImage.params(image="https://cdn.test/sale.jpg")
PYWA_TEMPLATES: dict[str, list[Any]] = {
    "template": [],
    "positional body": [body_of("Ana", "20 %")],
    "named body": [body_of(first_name="Ana")],
    "url button": [URLButton.params(url_variable="abc123", index=0)],
    "quick reply": [QuickReplyButton.params(callback_data="yes-1", index=1)],
    "copy code button": [CopyCodeButton.params(coupon_code="A1", index=0)],
    "text header": [title_of("Summer"), body_of("Ana")],
    "image header": [IMAGE, body_of("Ana")],
    "uploaded image header": [
        HeaderImage.params(image="1013859600285441"),
        body_of("Ana"),
    ],
    "video header": [
        HeaderVideo.params(video="https://cdn.test/sale.mp4"),
        body_of("Ana"),
    ],
    "document header": [
        HeaderDocument.params(document="https://cdn.test/menu.pdf"),
        body_of("Ana"),
    ],
    "one-time password": [
        AuthenticationBody.params(otp="4711"),
        CopyCodeOTPButton.params(otp="4711"),
    ],
    "carousel": [
        body_of("Ana"),
        Carousel.params(
            cards=[
                CarouselCard.params(
                    params=[
                        IMAGE,
                        body_of("Ana"),
                        URLButton.params(url_variable="abc123", index=0),
                    ],
                    index=index,
                )
                for index in range(2)
            ]
        ),
    ],
}
TO = "16505551234"
TRACKER = str(MESSAGE_ID)
PYWA_TEXTS: dict[str, Callable[[WhatsApp], Any]] = {
    "text": lambda wa: wa.send_message(to=TO, text="Hello", tracker=TRACKER),
    "image": lambda wa: wa.send_image(
        to=TO, image="https://cdn.test/sale.jpg", caption="Sale", tracker=TRACKER
    ),
    "bare image": lambda wa: wa.send_image(
        to=TO, image="https://cdn.test/sale.jpg", tracker=TRACKER
    ),
    "video": lambda wa: wa.send_video(
        to=TO, video="https://cdn.test/sale.mp4", caption="Sale", tracker=TRACKER
    ),
    "document": lambda wa: wa.send_document(
        to=TO,
        document="https://cdn.test/menu.pdf",
        filename="menu.pdf",
        caption="The menu",
        tracker=TRACKER,
    ),
}


def template_by_pywa(name: str) -> Callable[[WhatsApp], Any]:
    def send(wa: WhatsApp) -> Any:
        return wa.send_template(
            to=TO,
            name="summer_sale",
            language=TemplateLanguage.ENGLISH_US,
            params=PYWA_TEMPLATES[name],
            tracker=TRACKER,
        )

    return send


BY_PYWA = PYWA_TEXTS | {name: template_by_pywa(name) for name in PYWA_TEMPLATES}


@pytest.mark.parametrize("name", BY_PYWA)
def test_pywa(name: str, proven: Proven) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        message = {"id": "wamid.1", "message_status": "accepted"}
        contact = {"input": TO, "wa_id": TO}
        return httpx.Response(
            200,
            json={"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]},
        )

    with httpx.Client(transport=httpx.MockTransport(answer)) as session:
        wa = WhatsApp(
            phone_id="106540352242922", token="EAA-secret", session=session, api_version=23.0
        )
        BY_PYWA[name](wa)
    request = our_request("meta_cloud", CONTENTS["meta_cloud"][name])
    assert (request.method, request.url) == (sent[0].method, str(sent[0].url))
    assert request.headers["Authorization"] == sent[0].headers["Authorization"]
    assert normal(request.json) == normal(json.loads(sent[0].content))
    proven("meta_cloud", "SDK: pywa")


def normal(value: Any, key: str = "") -> Any:
    """Meta accepts types in either case, an index as text or number, and omitted components."""
    if isinstance(value, dict):
        items = {name: item for name, item in value.items() if (name, item) != ("components", [])}
        return {name: normal(item, name) for name, item in items.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if key in ("type", "sub_type"):
        return value.lower()
    return str(value) if key == "index" else value


# --- python-telegram-bot ------------------------------------------------------------------------


class RecordingRequest(BaseRequest):
    """Records the requests of python-telegram-bot."""

    def __init__(self) -> None:
        self.recorded: list[tuple[str, str, RequestData | None]] = []

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        """Nothing to set up."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        self.recorded.append((method, url, request_data))
        chat = {"id": 42, "type": "private"}
        message = {"message_id": 7, "date": 0, "chat": chat}
        result = message if "/send" in url else True
        return 200, json.dumps({"ok": True, "result": result}).encode()


KEYBOARD = telegram.InlineKeyboardMarkup(
    [[telegram.InlineKeyboardButton("Shop", url="https://shop.test/sale")]]
)
TWO_ROWS = telegram.InlineKeyboardMarkup([*KEYBOARD.inline_keyboard, *KEYBOARD.inline_keyboard])
PICTURE, FILM = "https://cdn.test/sale.jpg", "https://cdn.test/sale.mp4"
BY_TELEGRAM: dict[str, Callable[[telegram.Bot], Any]] = {
    "text": lambda bot: bot.send_message(42, "Hello"),
    "image": lambda bot: bot.send_photo(42, PICTURE, caption="Sale"),
    "bare image": lambda bot: bot.send_photo(42, PICTURE),
    "video": lambda bot: bot.send_video(42, FILM, caption="Sale"),
    "document": lambda bot: bot.send_document(42, "https://cdn.test/menu.pdf", caption="The menu"),
    "url buttons": lambda bot: bot.send_message(42, "Hello", reply_markup=TWO_ROWS),
    "image with a button": lambda bot: bot.send_photo(
        42, PICTURE, caption="Hello", reply_markup=KEYBOARD
    ),
}


@pytest.mark.parametrize("name", BY_TELEGRAM)
def test_python_telegram_bot(name: str, proven: Proven) -> None:
    recorder = RecordingRequest()
    bot = telegram.Bot("123456:secret-TOKEN", request=recorder, get_updates_request=recorder)
    asyncio.run(BY_TELEGRAM[name](bot))
    method, url, data = recorder.recorded[-1]
    request = our_request("telegram_bot", CONTENTS["telegram_bot"][name])
    assert data is not None
    assert (request.method, request.url) == (method, url)
    assert request.json == data.parameters
    proven("telegram_bot", "SDK: python-telegram-bot")


def test_the_compared_form_is_the_body_that_is_sent() -> None:
    request = our_request("twilio", CONTENTS["twilio"]["image"], "sms")
    body = prepare(request, timeout=1).body
    assert body is not None
    assert dict(parse_qsl(body.decode())) == request.form
