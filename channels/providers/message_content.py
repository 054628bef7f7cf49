"""What readers find in a recipient's message: its kind and its words."""

from dataclasses import dataclass, field, replace

from channels.port.events import CHOSEN, ReplyKind

WORDED = CHOSEN | {ReplyKind.TEXT}
"""Kinds that always have words or a value."""


@dataclass(frozen=True, slots=True)
class Content:
    """A message's kind and words. `answers`: the id of the message that the content names."""

    kind: ReplyKind
    text: str = field(default="", repr=False)
    payload: str = field(default="", repr=False)
    answers: str = ""
    unknown_type: str = ""
    """The provider's word for a type that we do not know."""


def with_its_words(content: Content, *, name: str) -> Content:
    """The content; of an unknown kind if words belong to its type but none were found."""
    if content.kind not in WORDED or content.text or content.payload:
        return content
    return replace(content, kind=ReplyKind.UNKNOWN, unknown_type=f"{name} without words")
