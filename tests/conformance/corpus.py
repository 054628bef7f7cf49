"""A request of every kind that the adapters can build."""

from dataclasses import replace
from datetime import UTC, datetime

from channels.platforms import Platform
from channels.port.adapter import LookUpAdapter
from channels.port.events import HandedOver
from channels.port.http_calls import HttpRequest
from channels.port.messages import (
    Button,
    ButtonKind,
    ButtonParameter,
    Card,
    Media,
    OutboundMessage,
    Parameter,
    ParameterKind,
    SenderAccount,
    TemplateContent,
    TextContent,
)
from channels.port.template_port import CardSpec, TemplateSpec
from channels.providers.meta.templates import MetaTemplates
from channels.providers.registry import adapter_for
from channels.providers.telegram.adapter import set_webhook_request
from tests.channels.providers.samples import MESSAGE_ID, account

TO = {"telegram_bot": "42"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PICTURE = Media(ParameterKind.IMAGE, "https://cdn.test/sale.jpg")
FILM = Media(ParameterKind.VIDEO, "https://cdn.test/sale.mp4")
FILE = Media(ParameterKind.DOCUMENT, "https://cdn.test/menu.pdf", filename="menu.pdf")
SHOP = Button(ButtonKind.URL, "Shop", "https://shop.test/sale")
YES = Button(ButtonKind.REPLY, "Yes", "yes-1")
CALL = Button(ButtonKind.CALL, "Call", "+14155550100")
CONTENT_SID = "HX" + "b" * 32

NAME, CODE = Parameter("Ana"), Parameter("4711")
HEADERS = {
    "text header": Parameter("Summer"),
    "image header": Parameter("https://cdn.test/sale.jpg", kind=ParameterKind.IMAGE),
    "uploaded image header": Parameter("1013859600285441", kind=ParameterKind.IMAGE),
    "video header": Parameter("https://cdn.test/sale.mp4", kind=ParameterKind.VIDEO),
    "document header": Parameter("https://cdn.test/menu.pdf", kind=ParameterKind.DOCUMENT),
}
PLAIN = TemplateContent("summer_sale", "en_US", provider_template_id=CONTENT_SID)
URL_BUTTON = ButtonParameter(0, "abc123")
CARD = Card(header=(HEADERS["image header"],), body=(NAME,), buttons=(URL_BUTTON,))
TEMPLATES = {
    "template": PLAIN,
    "positional body": replace(PLAIN, body=(NAME, Parameter("20 %"))),
    "named body": replace(PLAIN, body=(Parameter("Ana", name="first_name"),)),
    "url button": replace(PLAIN, buttons=(URL_BUTTON,)),
    "quick reply": replace(PLAIN, buttons=(ButtonParameter(1, "yes-1", sub_type="quick_reply"),)),
    **{name: replace(PLAIN, header=(value,), body=(NAME,)) for name, value in HEADERS.items()},
}
META_TEMPLATES = TEMPLATES | {
    "copy code button": replace(PLAIN, buttons=(ButtonParameter(0, "A1", sub_type="copy_code"),)),
    "carousel": replace(PLAIN, body=(NAME,), cards=(CARD, CARD)),
    "one-time password": replace(PLAIN, body=(CODE,), buttons=(ButtonParameter(0, "4711"),)),
}

Contents = dict[str, TextContent | TemplateContent]
TEXTS: Contents = {"text": TextContent("Hello"), "long text": TextContent("ä" * 1600)}
MEDIA: Contents = {
    "image": TextContent("Sale", media=PICTURE),
    "video": TextContent("Sale", media=FILM),
    "bare image": TextContent("", media=PICTURE),
}
FILES: Contents = {"document": TextContent("The menu", media=FILE)}
CONTENTS: dict[str, Contents] = {
    "meta_cloud": {**TEXTS, **MEDIA, **FILES, **META_TEMPLATES},
    "telegram_bot": {
        **TEXTS,
        **MEDIA,
        **FILES,
        "url buttons": TextContent("Hello", buttons=(SHOP, SHOP)),
        "image with a button": TextContent("Hello", media=PICTURE, buttons=(SHOP,)),
    },
    "twilio": {
        **TEXTS,
        **MEDIA,
        **FILES,
        **TEMPLATES,
        "registered text": TextContent("Hi", template_id=CONTENT_SID, variables={"1": "Ana"}),
    },
    "google_rbm": {
        **TEXTS,
        **MEDIA,
        "suggestions": TextContent("Hello", buttons=(SHOP, YES, CALL)),
        "card with suggestions": TextContent("Hello", media=PICTURE, buttons=(SHOP, YES)),
        "eleven suggestions": TextContent("Hello", buttons=(YES,) * 11),
    },
}


def message(provider: str, content: TextContent | TemplateContent) -> OutboundMessage:
    return OutboundMessage(id=MESSAGE_ID, to=TO.get(provider, "+16505551234"), content=content)


def senders(provider: str, base_url: str) -> dict[str, SenderAccount]:
    """The kinds of senders at this provider, by name."""
    sender = account(provider, base_url=base_url)
    if provider != "twilio":
        return {"": sender}
    return {
        "sms": sender,
        "service": replace(sender, account_id="MG" + "c" * 32),
        "whatsapp": replace(sender, platform=Platform.WHATSAPP),
        "rcs": replace(sender, platform=Platform.RCS, account_id="rcs:brand_agent"),
    }


def requests(provider: str, base_url: str) -> dict[str, HttpRequest]:
    """All requests to send by name, and the requests `check`, `setWebhook` and `look up`."""
    adapter = adapter_for(provider)
    built = {
        f"{kind} {name}".strip(): adapter.send_request(sender, message(provider, content))
        for kind, sender in senders(provider, base_url).items()
        for name, content in CONTENTS[provider].items()
    }
    sender = account(provider, base_url=base_url)
    built["check"] = adapter.check_request(sender)
    if isinstance(adapter, LookUpAdapter):
        handed_over = HandedOver(message(provider, TextContent("Hello")), since=NOW, until=NOW)
        look_up = adapter.look_up_request(sender, handed_over)
        assert look_up is not None
        built["look up"] = look_up
    if provider == "telegram_bot":
        url = "https://broadcast.test/webhooks/telegram_bot/an-endpoint-token"
        built["setWebhook"] = set_webhook_request(sender, url=url, secret_token="abc")
    return built | (_manage(sender) if provider == "meta_cloud" else {})


def _manage(sender: SenderAccount) -> dict[str, HttpRequest]:
    """The requests of Meta's template management that the API's submit and sync make."""
    waba, templates = "102290129340398", MetaTemplates()
    built = {
        f"manage: submit {name}": templates.submit_request(sender, waba, spec)
        for name, spec in SPECS.items()
    }
    built["manage: edit"] = templates.edit_request(sender, waba, "1689556908129832", SPECS["named"])
    built["manage: delete"] = templates.delete_request(sender, waba, "1689556908129832", "hello")
    built["manage: list"] = templates.list_request(sender, waba, after="")
    built["manage: next page"] = templates.list_request(sender, waba, after="MTAx")
    return built


CARD_BUTTONS = (
    {"type": "QUICK_REPLY", "text": "Not for me"},
    {"type": "URL", "text": "Look", "url": "https://shop.test/r/{{1}}"},
)
SPECS = {
    "plain": TemplateSpec("hello", "en_US", "UTILITY", "Hello there"),
    "named": TemplateSpec(
        "welcome",
        "en_US",
        "MARKETING",
        "Hello {{first_name}}, welcome.",
        parameter_format="NAMED",
        examples={"first_name": "Ana"},
    ),
    "everything": TemplateSpec(
        "summer_sale",
        "en_US",
        "MARKETING",
        "Hello {{1}}, {{2}} off today.",
        header_format="TEXT",
        header_text="Sale",
        footer="Reply STOP to opt out",
        buttons=(
            {"type": "URL", "text": "Shop", "url": "https://shop.test/r/{{1}}"},
            {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+14155550100"},
            {"type": "QUICK_REPLY", "text": "Stop"},
        ),
        examples={"1": "Ana", "2": "20 %", "button_0": "abc123"},
    ),
    "carousel": TemplateSpec(
        "plants",
        "en_US",
        "MARKETING",
        "Hello {{1}}, look.",
        cards=(CardSpec("IMAGE", "For {{1}}", CARD_BUTTONS),) * 2,
        examples={
            "1": "Ana",
            **{f"card_{n}_header_media": "4::aW" for n in range(2)},
            **{f"card_{n}_1": "9 €" for n in range(2)},
            **{f"card_{n}_button_1": "abc123" for n in range(2)},
        },
    ),
    "one-time password": TemplateSpec(
        "login_code",
        "en_US",
        "AUTHENTICATION",
        "*{{1}}* is your verification code.",
        buttons=({"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"},),
        add_security_recommendation=True,
        code_expiration_minutes=10,
    ),
    "one-tap password": TemplateSpec(
        "login_code_app",
        "en_US",
        "AUTHENTICATION",
        "*{{1}}* is your verification code.",
        buttons=(
            {
                "type": "OTP",
                "otp_type": "ONE_TAP",
                "text": "Copy code",
                "autofill_text": "Fill in",
                "supported_apps": [
                    {"package_name": "com.example.shop", "signature_hash": "K8a/AINcGX7"}
                ],
            },
        ),
        code_expiration_minutes=10,
    ),
    "image header": TemplateSpec(
        "picture",
        "en_US",
        "MARKETING",
        "Hello there",
        header_format="IMAGE",
        examples={"header_media": "4::aW"},
    ),
}
