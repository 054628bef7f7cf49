"""The body of a request that creates or estimates a broadcast."""

from typing import Any

from contacts.models import Contact
from tests.broadcast.recipients import ids_of

BODY = {"name": "News", "platform": "TELEGRAM", "text": "Hello {{first_name}}"}


def body_for(contacts: list[Contact], **fields: Any) -> dict[str, Any]:
    return {**BODY, "recipients": ids_of(contacts), **fields}
