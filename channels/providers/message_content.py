"""What readers find in a recipient's message: its kind and its words."""

from dataclasses import dataclass, field

from channels.port.events import ReplyKind


@dataclass(frozen=True, slots=True)
class Content:
    """A message's kind and words. `answers`: the id of the message that the content names."""

    kind: ReplyKind
    text: str = field(default="", repr=False)
    payload: str = field(default="", repr=False)
    answers: str = ""
    unknown_type: str = ""
    """The provider's word for a type that we do not know."""
