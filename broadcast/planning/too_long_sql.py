"""Whether a message is too long once its variables are filled in, in SQL: found when it is planned.

broadcast/content/checking.py checks a text as it was written, before its variables are known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from broadcast.content.links import link_positions
from broadcast.content.variables import VARIABLE
from broadcast.models import Broadcast
from broadcast.planning.text_sql import filled_in_sql
from channels.platforms import MAX_BUTTON_TEXT, MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, Platform
from channels.port.messages import ButtonKind
from channels.providers.registry import adapter_for
from templates_wa.rules.parameters import longest_values


@dataclass(frozen=True, slots=True)
class _Limited:
    text: str
    most: int
    measure: str = "char_length"


def too_long_in_sql(broadcast: Broadcast, *, variables: str) -> tuple[str, dict[str, Any]]:
    """A condition and its parameters; `variables` is the column of variables as resolved."""
    is_template = broadcast.platform == Platform.WHATSAPP
    params: dict[str, Any] = {}
    found = []
    for number, each in enumerate(_limited(broadcast)):
        sql, pieces = filled_in_sql(
            broadcast, each.text, variables=variables, prefix=f"long{number}_"
        )
        params |= pieces
        found.append(f"{each.measure}({sql}) > {each.most}")
        if is_template:
            # Blanks in a row are sent as one.
            found[-1] += f" AND char_length(btrim(regexp_replace({sql}, '\\s+', ' ', 'g'))) > "
            found[-1] += str(each.most)
    return " OR ".join(f"({each})" for each in found) or "false", params


def _limited(broadcast: Broadcast) -> Iterator[_Limited]:
    """Only what differs from recipient to recipient, or from what was written."""
    has_links = bool(link_positions(broadcast))
    for each in _all_limited(broadcast):
        if has_links or VARIABLE.search(each.text):
            yield each


def _all_limited(broadcast: Broadcast) -> Iterator[_Limited]:
    if broadcast.platform == Platform.WHATSAPP:
        if broadcast.template is not None:
            longest = longest_values(broadcast.template)
            for key, value in broadcast.template_params.items():
                if key in longest:
                    yield _Limited(str(value), longest[key])
        return
    platform = Platform(broadcast.platform)
    limits = MAX_CAPTION_LENGTH if broadcast.media else MAX_TEXT_LENGTH
    yield _Limited(broadcast.text, limits[platform])
    if platform in MAX_BUTTON_TEXT:
        for button in broadcast.buttons:
            yield _Limited(str(button.get("text", "")), MAX_BUTTON_TEXT[platform])
    yield from _replies(broadcast)


def _replies(broadcast: Broadcast) -> Iterator[_Limited]:
    sender = broadcast.sender
    most = adapter_for(sender.provider).capabilities.max_reply_bytes if sender else None
    for button in broadcast.buttons:
        if most is not None and button.get("kind") == ButtonKind.REPLY:
            yield _Limited(str(button.get("value", "")), most, measure="octet_length")
