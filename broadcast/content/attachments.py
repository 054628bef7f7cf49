"""The medium and the buttons of a free text, within what the sender's provider can send."""

from collections.abc import Callable
from typing import Any

from api.errors import InvalidInput
from broadcast.content.variables import VARIABLE, check_syntax
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import MAX_BUTTON_TEXT, Platform
from channels.port.capabilities import Capabilities
from channels.port.messages import Button, ButtonKind, Media, ParameterKind
from channels.providers.registry import adapter_for

Render = Callable[[str], str]

RENDERED_KEYS = ("text", "value")
"""Keys of a button whose values may hold variables."""


def texts_of(broadcast: Broadcast) -> list[str]:
    """Every text of the attachments in which variables are filled in per recipient."""
    medium = [str(broadcast.media.get("url", ""))] if broadcast.media else []
    return medium + [
        str(button.get(key, "")) for button in broadcast.buttons for key in RENDERED_KEYS
    ]


def links_of(broadcast: Broadcast) -> list[str]:
    """The URLs that a recipient can tap; a medium's URL is not one of them."""
    return [
        str(button.get("value", ""))
        for button in broadcast.buttons
        if button.get("kind") == ButtonKind.URL
    ]


def check_attachments(broadcast: Broadcast, sender: Sender) -> None:
    """Raises InvalidInput (attr names the field) for what the provider would refuse."""
    for attr in ("media", "buttons"):
        if broadcast.platform == Platform.WHATSAPP and getattr(broadcast, attr):
            raise InvalidInput(
                "Over WhatsApp media and buttons are the template's: their values stand in "
                "`template_params`.",
                attr=attr,
            )
    able = adapter_for(sender.provider).capabilities
    for text in texts_of(broadcast):
        check_syntax(text, attr="buttons")
    if broadcast.media:
        _check_media(broadcast.media, able, sender, text=broadcast.text)
    if broadcast.buttons:
        _check_buttons(broadcast.buttons, able, sender)


def _check_media(media: dict[str, Any], able: Capabilities, sender: Sender, *, text: str) -> None:
    kind, url = media.get("kind"), str(media.get("url", ""))
    if kind not in able.media:
        raise InvalidInput(
            f"{sender.provider} sends no {kind or 'medium'} with a text.",
            attr="media",
            data={"choices": sorted(able.media)},
        )
    if not url.startswith(("https://", "http://")):
        raise InvalidInput("A medium is given by its public URL.", attr="media")
    if kind in able.media_alone and text.strip():
        raise InvalidInput(
            f"{sender.provider} sends a {kind} without a text: leave `text` empty, or put a link "
            "to the file into it instead of `media`.",
            attr="text",
        )


def _check_buttons(buttons: list[dict[str, Any]], able: Capabilities, sender: Sender) -> None:
    if len(buttons) > able.max_buttons:
        raise InvalidInput(
            f"{sender.provider} takes at most {able.max_buttons} buttons under a text.",
            attr="buttons",
        )
    longest = MAX_BUTTON_TEXT.get(Platform(sender.platform), 64)
    for button in buttons:
        if button.get("kind") not in able.buttons:
            raise InvalidInput(
                f"{sender.provider} knows no {button.get('kind')} buttons.",
                attr="buttons",
                data={"choices": sorted(able.buttons)},
            )
        if not 0 < len(str(button.get("text", "")).strip()) <= longest:
            raise InvalidInput(
                f"A button's text must have 1 to {longest} characters.", attr="buttons"
            )
        _check_value(str(button.get("kind")), str(button.get("value", "")).strip(), able)


def _check_value(kind: str, value: str, able: Capabilities) -> None:
    """Checks the fixed part; planning/too_long_sql.py measures it with the variables' values."""
    if not value:
        raise InvalidInput("A button needs a value.", attr="buttons")
    if kind == ButtonKind.URL and not value.startswith((*able.url_schemes, "{{")):
        raise InvalidInput(
            f"A URL button's value begins with {' or '.join(able.url_schemes)}.", attr="buttons"
        )
    fixed = len(VARIABLE.sub("", value).encode())
    if kind == ButtonKind.REPLY and able.max_reply_bytes and fixed > able.max_reply_bytes:
        raise InvalidInput(
            f"A reply's value has at most {able.max_reply_bytes} bytes here; this has {fixed}.",
            attr="buttons",
        )


def media_of(broadcast: Broadcast, render: Render) -> Media | None:
    if not broadcast.media:
        return None
    medium = broadcast.media
    return Media(
        ParameterKind(medium["kind"]), render(str(medium["url"])), str(medium.get("filename") or "")
    )


def buttons_of(broadcast: Broadcast, render: Render) -> tuple[Button, ...]:
    return tuple(
        Button(
            ButtonKind(button["kind"]), render(str(button["text"])), render(str(button["value"]))
        )
        for button in broadcast.buttons
    )
