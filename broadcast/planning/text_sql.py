"""The text that each recipient will get, as SQL: planning measures it before it is sent.

The SQL does what broadcast/content/rendering.py does: it wraps links first, then fills in
variables. All short links have one length, so a made-up token stands for the recipient's.
"""

from collections.abc import Mapping
from typing import Any

from broadcast.content.checking import Checked
from broadcast.content.variables import UNSUBSCRIBE_URL, VARIABLE
from tracking.links import unsubscribe_link, wrap

ANY_TOKEN = 0


def text_in_sql(content: Checked, *, variables: str) -> tuple[str, dict[str, Any]]:
    """An SQL expression and its parameters; `variables` is the column of resolved variables."""
    return filled_in_sql(
        content.broadcast.text, links=content.links, variables=variables, prefix="piece"
    )


def filled_in_sql(
    text: str, *, links: Mapping[str, int], variables: str, prefix: str
) -> tuple[str, dict[str, Any]]:
    """The same for any text; `prefix` keeps the parameters of several texts apart."""
    text = wrap(text, positions=links, token=ANY_TOKEN)
    params: dict[str, Any] = {}
    pieces: list[str] = []

    def add(value: str) -> str:
        name = f"{prefix}{len(params)}"
        params[name] = value
        return f"%({name})s::text"

    end = 0
    for match in VARIABLE.finditer(text):
        pieces.append(add(text[end : match.start()]))
        end = match.end()
        name, default = match.group(1), (match.group(2) or "").strip()
        if name == UNSUBSCRIBE_URL:
            pieces.append(add(unsubscribe_link(token=ANY_TOKEN)))
        else:
            pieces.append(f"coalesce({variables} ->> {add(name)}, {add(default)})")
    pieces.append(add(text[end:]))
    return " || ".join(pieces), params
