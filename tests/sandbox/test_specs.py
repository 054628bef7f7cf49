"""The sandbox and the published OpenAPI documents agree on which bodies are valid."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sandbox.providers.meta.invalid import Invalid
from sandbox.providers.meta.validation import check_message
from sandbox.providers.telegram.validation import media_problem, message_problem, webhook_problem
from tests.channels.providers import protocols
from tests.sandbox.client import template_to, text_to

META = "specs/meta_whatsapp_cloud_v23.json"
TELEGRAM = "specs/telegram_bot_api_10.1.json"
PHONE = "+919876540001"
COMPONENTS = {"header": "HeaderComponent", "body": "BodyComponent", "button": "ButtonComponent"}
PARAMETERS = {
    "text": "TextParameter",
    "image": "ImageParameter",
    "video": "VideoParameter",
    "document": "DocumentParameter",
    "currency": "CurrencyParameter",
    "date_time": "DateTimeParameter",
}
BUTTON_PARAMETERS = {"text": "ButtonTextParameter", "payload": "ButtonPayloadParameter"}


Change = tuple[tuple[Any, ...], Any]
"""A path in a body and the value to put there; None deletes the key."""

PARAMETER = ("template", "components", 1, "parameters", 0)
BUTTON = ("template", "components", 2)
TEMPLATE_CHANGES: list[Change] = [
    (("to",), None),
    (("to",), 7),
    (("type",), "pigeon"),
    (("type",), "text"),
    (("messaging_product",), None),
    (("recipient_type",), "crowd"),
    (("biz_opaque_callback_data",), "x" * 512),
    (("biz_opaque_callback_data",), "x" * 513),
    (("context",), {"message_id": "wamid.x"}),
    (("context",), {"message_id": 7}),
    (("template",), None),
    (("template", "name"), None),
    (("template", "language"), "en"),
    (("template", "language", "code"), None),
    (("template", "language", "policy"), "deterministic"),
    (("template", "language", "policy"), "fallback"),
    (("template", "components"), {}),
    (("template", "components"), []),
    (("template", "components", 0, "type"), "footer"),
    (("template", "components", 0, "parameters"), []),
    ((*PARAMETER, "type"), "colour"),
    ((*PARAMETER, "type"), None),
    ((*PARAMETER, "text"), 7),
    ((*PARAMETER, "text"), None),
    (
        (*PARAMETER,),
        {"type": "currency", "currency": {"code": "USD", "fallback_value": "$1"}},
    ),
    (
        (*PARAMETER,),
        {
            "type": "currency",
            "currency": {"code": "USD", "fallback_value": "$1", "amount_1000": 1000},
        },
    ),
    ((*PARAMETER,), {"type": "date_time", "date_time": {"fallback_value": "today"}}),
    ((*PARAMETER,), {"type": "date_time", "date_time": {}}),
    ((*PARAMETER,), {"type": "document", "document": {"id": "1", "link": "https://a.test"}}),
    ((*PARAMETER,), {"type": "document", "document": {}}),
    ((*BUTTON, "index"), None),
    ((*BUTTON, "index"), "9"),
    ((*BUTTON, "index"), 0),
    ((*BUTTON, "index"), 10),
    ((*BUTTON, "index"), "10"),
    ((*BUTTON, "sub_type"), "quick_reply"),
    ((*BUTTON, "sub_type"), "href"),
    ((*BUTTON, "parameters"), []),
    ((*BUTTON, "parameters", 0), {"type": "payload", "payload": "p"}),
    ((*BUTTON, "parameters", 0), {"type": "image", "image": {"id": "1"}}),
]
TEXT_CHANGES: list[Change] = [
    (("text",), None),
    (("text", "body"), 7),
    (("text", "preview_url"), True),
    (("text", "preview_url"), "yes"),
    (("text", "colour"), "red"),
    (("surprise",), 1),
]


def meta_bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Valid and invalid bodies of Meta's messages, each with a name."""
    yield "as it is", template_to(PHONE)
    for path, value in TEMPLATE_CHANGES:
        yield f"{'.'.join(map(str, path))}={value!r:.30}", put(template_to(PHONE), path, value)
    text = text_to(PHONE)
    yield "text", text
    for path, value in TEXT_CHANGES:
        yield f"text: {path}={value!r}", put(text, path, value)
    for kind in ("image", "video", "document", "audio", "sticker"):
        media = text_to(PHONE) | {"type": kind}
        del media["text"]
        yield kind, media | {kind: {"link": "https://a.test/file"}}
        yield f"{kind} without a source", media | {kind: {"caption": "c"}}


def put(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(body)
    part: Any = body
    for step in path[:-1]:
        part = part[step]
    if value is None:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return body


def schema_of(spec: Any, name: str) -> Draft202012Validator:
    document = {"$ref": f"#/components/schemas/{name}", "components": spec["components"]}
    return Draft202012Validator(document)


def spec_accepts(spec: Any, body: Any) -> bool:
    """True if the body fits the document; follows discriminators, which JSON Schema ignores."""
    if not schema_of(spec, "Message").is_valid(body):
        return False
    for component in body.get("template", {}).get("components", []):
        name = COMPONENTS[component["type"]]
        kinds = BUTTON_PARAMETERS if name == "ButtonComponent" else PARAMETERS
        if not schema_of(spec, name).is_valid(component):
            return False
        for parameter in component["parameters"]:
            if not schema_of(spec, kinds[parameter["type"]]).is_valid(parameter):
                return False
    return True


def meta_accepts(body: Any) -> bool:
    try:
        check_message(body)
    except Invalid:
        return False
    return True


@pytest.mark.parametrize(("name", "body"), list(meta_bodies()), ids=lambda value: str(value)[:60])
def test_meta_agrees_with_the_document(name: str, body: Any) -> None:
    assert meta_accepts(body) is spec_accepts(protocols.load(META), body), name


# Meta's examples that Meta's own document refuses, each with the reason.
FAULTY = {
    "Send Text Message with Preview URL": "no type",
    "Send Reply to List Message": "no type",
    "Send Sample Issue Resolution Template": "true and false as texts",
    "Send typing indicator and read receipt": "not a message",
}


def test_metas_own_examples_are_taken() -> None:
    examples_json = json.dumps(protocols.load("examples/meta_send.json"))
    for placeholder, value in {
        "{{Recipient-Phone-Number}}": "16315555555",
        "{{Recipient-WA-Phone-Number}}": "16315555555",
        "language-and-locale-code": "en_US",
        "template-name": "template_name",
        "<TEMPLATE_NAME>": "template_name",
    }.items():
        examples_json = examples_json.replace(placeholder, value)
    examples = json.loads(examples_json)
    refused = {name for name, body in examples.items() if not meta_accepts(body)}
    assert refused == set(FAULTY)


@pytest.mark.parametrize(
    "body",
    [
        {"chat_id": 42, "text": "hi"},
        {"chat_id": "42", "text": "hi", "parse_mode": "HTML"},
        {"chat_id": 42},
        {"text": "hi"},
        {"chat_id": 4.2, "text": "hi"},
        {"chat_id": 42, "text": 7},
        {"chat_id": 42, "text": ""},
        {"chat_id": 42, "text": "x" * 4096},
        {"chat_id": 42, "text": "x" * 4097},
        {"chat_id": 42, "text": "hi", "surprise": 1},
        {"chat_id": 42, "text": "hi", "disable_notification": "yes"},
        {"chat_id": 42, "text": "hi", "link_preview_options": {"is_disabled": True}},
        {"chat_id": 42, "text": "hi", "link_preview_options": {"is_disabled": "yes"}},
        {
            "chat_id": 42,
            "text": "hi",
            "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "https://a.test"}]]},
        },
        {"chat_id": 42, "text": "hi", "reply_markup": {"inline_keyboard": [[{"url": "x"}]]}},
        {"chat_id": 42, "text": "hi", "reply_markup": {}},
        {"chat_id": 42, "text": "hi", "reply_parameters": {"message_id": 1}},
        {"chat_id": 42, "text": "hi", "reply_parameters": {}},
    ],
    ids=lambda body: str(body)[:60],
)
def test_telegram_agrees_with_the_document(body: Any) -> None:
    assert (message_problem(body) == "") is telegram_spec_accepts("sendMessage", body)


@pytest.mark.parametrize("method", ["photo", "video", "document"])
@pytest.mark.parametrize(
    "body",
    [
        {"chat_id": 42, "FILE": "https://a.test/a.png"},
        {"chat_id": 42, "FILE": "https://a.test/a.png", "caption": "x" * 1024},
        {"chat_id": 42, "FILE": "https://a.test/a.png", "caption": "x" * 1025},
        {"chat_id": 42, "caption": "Hi"},
        {"FILE": "https://a.test/a.png"},
        {"chat_id": 42, "FILE": "https://a.test/a.png", "reply_markup": {}},
    ],
    ids=lambda body: str(body)[:60],
)
def test_telegrams_media_agree_with_the_document(method: str, body: Any) -> None:
    parameters = {method if key == "FILE" else key: value for key, value in body.items()}
    valid = telegram_spec_accepts(f"send{method.title()}", parameters)
    assert (media_problem(method, parameters) == "") is valid


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://a.test/hook"},
        {"url": "https://a.test/hook", "secret_token": "a-b_c"},
        {"url": "https://a.test/hook", "secret_token": ""},
        {"url": "https://a.test/hook", "secret_token": "x" * 257},
        {"url": "https://a.test/hook", "surprise": 1},
        {},
    ],
)
def test_set_webhook_agrees_with_the_document(body: Any) -> None:
    assert (webhook_problem(body) == "") is telegram_spec_accepts("setWebhook", body)


def telegram_spec_accepts(method: str, body: Any) -> bool:
    spec = protocols.load(TELEGRAM)
    request = spec["paths"][f"/bot{{token}}/{method}"]["post"]["requestBody"]
    schema = request["content"]["application/json"]["schema"]
    document = schema | {"components": spec["components"]}
    return bool(Draft202012Validator(document).is_valid(body))
