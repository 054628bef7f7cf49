"""Reads Meta's webhooks about templates: status, quality and category.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference
(message_template_status_update, message_template_quality_update, template_category_update).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from channels.port.events import InboundEvent, NotUnderstood, Part, TemplateChange
from channels.port.template_port import EVENTS
from channels.providers.json_values import object_in
from channels.providers.reported_time import time_or

STATUS = "message_template_status_update"
QUALITY = "message_template_quality_update"
CATEGORY = "template_category_update"
TEMPLATE_FIELDS = frozenset({STATUS, QUALITY, CATEGORY})
NO_REASON = frozenset({"", "NONE"})
QUALITIES = frozenset({"GREEN", "YELLOW", "RED", "UNKNOWN"})
CATEGORIES = frozenset({"MARKETING", "UTILITY", "AUTHENTICATION"})


def template_changes(
    entry: dict[str, Any], change: dict[str, Any], *, received_at: datetime
) -> Iterator[InboundEvent]:
    """One change, or a word that we do not know.

    An announced category (`correct_category`) is not a change yet.
    """
    field, value = change["field"], change["value"]
    template = TemplateChange(
        business_account_id=str(entry["id"]),
        provider_template_id=str(value["message_template_id"]),
        name=str(value.get("message_template_name") or ""),
        language=str(value.get("message_template_language") or "").replace("-", "_"),
        at=time_or(received_at, entry.get("time")),
    )
    if field == STATUS:
        word = str(value["event"]).upper()
        changed = replace(template, status=word, reason=_reason(value))
        yield changed if word in EVENTS else _unknown(template, word)
    elif field == QUALITY:
        word = str(value["new_quality_score"]).upper()
        changed = replace(template, quality=word)
        yield changed if word in QUALITIES else _unknown(template, f"quality {word}")
    elif "correct_category" not in value:
        word = str(value["new_category"]).upper()
        changed = replace(template, category=word)
        yield changed if word in CATEGORIES else _unknown(template, f"category {word}")


def _unknown(template: TemplateChange, words: str) -> NotUnderstood:
    return NotUnderstood(Part.TEMPLATE, words, template.at)


def _reason(value: dict[str, Any]) -> str:
    """Meta's reason, with its explanation if there is one."""
    word = str(value.get("reason") or "")
    info = object_in(value.get("rejection_info")) or object_in(value.get("other_info"))
    explanation = str(info.get("reason") or info.get("description") or "")
    return ": ".join(text for text in (word, explanation) if text not in NO_REASON)
