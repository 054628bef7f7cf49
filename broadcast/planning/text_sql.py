"""A broadcast's text for every recipient at once, in SQL: to measure it before it is sent.

The same as broadcast/content/checking.py makes of it: links wrapped first, then variables
filled in. Every short link is as long as any other, so a made-up token stands for the recipient's.
"""

from typing import Any

from broadcast.content.links import link_positions
from broadcast.content.unsubscribing import unsubscribe_link
from broadcast.content.variables import UNSUBSCRIBE_URL, VARIABLE
from broadcast.models import Broadcast
from tracking.links import wrap

ANY_TOKEN = 0


def text_in_sql(broadcast: Broadcast, *, variables: str) -> tuple[str, dict[str, Any]]:
    """An expression and its parameters; `variables` is the column of variables as resolved."""
    return filled_in_sql(broadcast, broadcast.text, variables=variables, prefix="piece")


def filled_in_sql(
    broadcast: Broadcast, text: str, *, variables: str, prefix: str
) -> tuple[str, dict[str, Any]]:
    """The same of any of its texts; `prefix` tells the parameters of several apart."""
    text = wrap(text, positions=link_positions(broadcast), token=ANY_TOKEN)
    params: dict[str, Any] = {}
    pieces: list[str] = []

    def add(value: str) -> str:
        name = f"{prefix}{len(params)}"
        params[name] = value
        return f"%({name})s::text"

    end = 0
    for found in VARIABLE.finditer(text):
        pieces.append(add(text[end : found.start()]))
        end = found.end()
        name, default = found.group(1), (found.group(2) or "").strip()
        if name == UNSUBSCRIBE_URL:
            pieces.append(add(unsubscribe_link(token=ANY_TOKEN)))
        else:
            pieces.append(f"coalesce({variables} ->> {add(name)}, {add(default)})")
    pieces.append(add(text[end:]))
    return " || ".join(pieces), params
