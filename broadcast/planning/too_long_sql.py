"""Whether a message is too long once its variables are filled in, as SQL for planning.

broadcast/content/checking.py checks each text as it was written, before variables are filled in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from broadcast.content.checking import Checked
from broadcast.content.variables import VARIABLE
from broadcast.planning.text_sql import filled_in_sql
from channels.platforms import MAX_BUTTON_TEXT, MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, Platform
from channels.port.messages import ButtonKind
from channels.providers.registry import adapter_for
from templates_wa.rules.parameters import longest_values


@dataclass(frozen=True, slots=True)
class _LimitedText:
    text: str
    longest: int
    measure: str = "char_length"


def too_long_in_sql(content: Checked, *, variables: str) -> tuple[str, dict[str, Any]]:
    """An SQL condition and its parameters; `variables` is the column of resolved variables."""
    params: dict[str, Any] = {}
    conditions = []
    for number, limited in enumerate(_varying_texts(content)):
        sql, pieces = filled_in_sql(
            limited.text, links=content.links, variables=variables, prefix=f"long{number}_"
        )
        params |= pieces
        condition = f"{limited.measure}({sql}) > {limited.longest}"
        if content.template is not None:
            # A template's parameter is sent with each run of blanks as one blank.
            folded = f"btrim(regexp_replace({sql}, '\\s+', ' ', 'g'))"
            condition += f" AND char_length({folded}) > {limited.longest}"
        conditions.append(f"({condition})")
    return " OR ".join(conditions) or "false", params


def _varying_texts(content: Checked) -> Iterator[_LimitedText]:
    """The texts whose length differs by recipient, or from the text as it was written."""
    for limited in _limited_texts(content):
        if content.links or VARIABLE.search(limited.text):
            yield limited


def _limited_texts(content: Checked) -> Iterator[_LimitedText]:
    broadcast = content.broadcast
    if broadcast.platform == Platform.WHATSAPP:
        if content.template is not None:
            longest = longest_values(content.template)
            for key, value in broadcast.all_params.items():
                if key in longest:
                    yield _LimitedText(value, longest[key])
        return
    platform = Platform(broadcast.platform)
    limits = MAX_CAPTION_LENGTH if broadcast.media else MAX_TEXT_LENGTH
    yield _LimitedText(broadcast.text, limits[platform])
    if platform in MAX_BUTTON_TEXT:
        for button in broadcast.buttons:
            yield _LimitedText(str(button.get("text", "")), MAX_BUTTON_TEXT[platform])
    yield from _reply_values(content)


def _reply_values(content: Checked) -> Iterator[_LimitedText]:
    longest = adapter_for(content.sender.provider).capabilities.max_reply_bytes
    for button in content.broadcast.buttons:
        if longest is not None and button.get("kind") == ButtonKind.REPLY:
            yield _LimitedText(str(button.get("value", "")), longest, measure="octet_length")
