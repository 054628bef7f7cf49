"""Gupshup's error codes → outcome; failed events may carry Meta's codes instead.

Source: docs.gupshup.io/docs/error-and-status-messages. The codes come with events, after the
hand-over: no message is retried because of an event.
"""

from collections.abc import Mapping
from typing import Any

from channels.port.outcomes import Outcome
from channels.providers.error_rules import (
    ErrorRule,
    config,
    content,
    failure,
    limited,
    opt_out,
    passing,
    recipient,
    without_reason,
)
from channels.providers.json_values import code_in
from channels.providers.meta.errors import rule_for as meta_rule_for

ERRORS: dict[int, ErrorRule] = {
    500: passing("provider_unavailable", "Gupshup reported an internal error."),
    1001: config("sender_forbidden", "The app at Gupshup is not live."),
    1002: recipient("recipient_unreachable", "The number is not on WhatsApp."),
    1003: config("provider_billing", "The wallet at Gupshup has too little credit."),
    1004: content("window_closed", "Outside the 24-hour window, and templates are switched off."),
    1005: content("window_closed", "Outside the 24-hour window: a template is needed."),
    1006: opt_out("opted_out", "The recipient has not opted in at Gupshup."),
    1007: opt_out("opted_out", "The recipient has not opted in at Gupshup."),
    1008: opt_out("opted_out", "The recipient has not opted in at Gupshup."),
    1010: content("media_failed", "Gupshup could not fetch the media."),
    1011: content("media_failed", "The media is too large."),
    1012: opt_out("opted_out", "The recipient opted out at Gupshup."),
    4001: limited("rate_limited", "Gupshup's rate limit is reached.", retry_after=60),
    4002: passing("provider_unavailable", "WhatsApp did not answer Gupshup as expected."),
    4003: config("template_missing", "No template matches the message."),
    4004: content("content_unsupported", "This type of message is not supported."),
    4005: config("template_paused", "The template is paused."),
}

# How the text of a refused request begins, in lower case → rule
SENTENCES: dict[str, ErrorRule] = {
    "authentication failed": config("sender_unauthorized", "Gupshup does not accept the API key."),
    "unauthorised": config("sender_unauthorized", "Gupshup does not accept the API key."),
    "unauthorized": config("sender_unauthorized", "Gupshup does not accept the API key."),
    "invalid app details": config("sender_unauthorized", "Gupshup knows no such app."),
    "invalid destination": recipient("recipient_unreachable", "The number is not valid."),
    "invalid source": config("sender_refused", "The app at Gupshup has no such number."),
    "template not found": config("template_missing", "Gupshup knows no such template."),
    "template did not match": config("template_missing", "No template matches the message."),
    "template is paused": config("template_paused", "The template is paused."),
    "too many requests": limited("rate_limited", "Gupshup's rate limit is reached.", retry_after=5),
}


def rule_for(code: int, subcode: object = None) -> ErrorRule | None:
    """The row for Gupshup's code, or Meta's with its subcode; None for an unmapped code."""
    return ERRORS.get(code) or meta_rule_for(code, subcode)


def rule_for_sentence(sentence: str) -> ErrorRule | None:
    """The row for the text of a refused request; None for an unmapped text."""
    text = sentence.casefold()
    return next((rule for start, rule in SENTENCES.items() if text.startswith(start)), None)


def failed(code: object, reason: str, *, subcode: object = None) -> Outcome:
    """The outcome of an event about a failure."""
    number = code_in(code)
    if number is None:
        return without_reason(reason[:300] or "Gupshup reported a failure without saying why.")
    message = reason or "WhatsApp refused the message."
    return failure(rule_for(number, subcode), provider_code=str(number), message=message)


def failed_as_at_meta(error: Mapping[str, Any]) -> Outcome:
    """The outcome of a failed status in Meta's format, by its error object."""
    reason = str(error.get("message") or error.get("title") or "")
    return failed(error.get("code"), reason, subcode=error.get("error_subcode"))
