"""Reads Meta's webhooks about templates: status, quality and category.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference
(message_template_status_update, message_template_quality_update, template_category_update).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from channels.port.events import TemplateChange
from channels.port.template_port import status_of

STATUS = "message_template_status_update"
QUALITY = "message_template_quality_update"
CATEGORY = "template_category_update"
NO_REASON = frozenset({"", "NONE"})


def template_changes(entry: dict[str, Any], change: dict[str, Any]) -> Iterator[TemplateChange]:
    """At most one change. An announced category (`correct_category`) is not a change yet."""
    field = change.get("field")
    if field not in {STATUS, QUALITY, CATEGORY}:
        return
    value = change["value"]
    template = TemplateChange(
        business_account_id=str(entry["id"]),
        provider_template_id=str(value["message_template_id"]),
        name=str(value["message_template_name"]),
        language=str(value["message_template_language"]).replace("-", "_"),
        at=datetime.fromtimestamp(int(entry["time"]), tz=UTC),
    )
    if field == STATUS:
        yield replace(template, status=status_of(value["event"]), reason=_reason(value))
    elif field == QUALITY:
        yield replace(template, quality=str(value["new_quality_score"]))
    elif "correct_category" not in value:
        yield replace(template, category=str(value["new_category"]))


def _reason(value: dict[str, Any]) -> str:
    """Meta's reason, with its explanation if there is one."""
    word = str(value.get("reason") or "")
    info = value.get("rejection_info") or value.get("other_info") or {}
    explanation = str(info.get("reason") or info.get("description") or "")
    return ": ".join(text for text in (word, explanation) if text not in NO_REASON)
