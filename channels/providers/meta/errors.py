"""Meta's error codes → outcome; one map for answers and for failed statuses.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes.
Only a code that this page describes as "not processed, try again" is passing, so that no message
is sent twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from channels.port.outcomes import LimitScope, Outcome
from channels.providers.error_rules import (
    UNMAPPED,
    ErrorRule,
    capped,
    config,
    content,
    failure,
    least_certain,
    limited,
    opt_out,
    passing,
    recipient,
    route,
    unknown,
    waiting,
    without_reason,
)
from channels.providers.json_values import code_in, code_text_in, object_in

# Most refusals name no time; these are our defaults, in seconds.
_SOON = 5.0
_MINUTE = 60.0
_HOUR = 3600.0
# "Wait at least 24 hours" before the next marketing message to this person.
_DAY = 24 * _HOUR

ERRORS: dict[int, ErrorRule] = {
    # Authorisation: no message can be sent until the sender is repaired.
    0: config("sender_unauthorized", "Meta could not authenticate the sender's access token."),
    3: config("sender_forbidden", "The access token lacks a capability that sending needs."),
    10: config("sender_forbidden", "The access token lacks a permission that sending needs."),
    190: config("sender_unauthorized", "The sender's access token has expired."),
    368: config("account_restricted", "Meta restricted the account for a policy violation."),
    131031: config("account_restricted", "Meta locked the WhatsApp Business account."),
    131005: config("sender_forbidden", "The access token lacks a permission that sending needs."),
    131037: config("display_name_missing", "The number needs an approved display name."),
    131042: config("provider_billing", "Meta reports a problem with the account's payment method."),
    131045: config("number_not_registered", "The sender's number is not registered."),
    133010: config("number_not_registered", "The sender's number is not registered."),
    33: config("number_not_registered", "The sender's number was deleted at Meta."),
    102: config("sender_unauthorized", "The sender's access token has expired."),
    104: config("sender_unauthorized", "Meta asks for the app secret's proof with each call."),
    803: config("sender_refused", "Meta knows no number with the sender's id."),
    131063: config("marketing_disabled", "Marketing templates are switched off for this account."),
    134011: config("provider_billing", "Meta's payment terms have not been accepted."),
    # Server errors.
    # "Invalid request or possible server error": the message may have been processed.
    1: unknown("provider_unavailable", "Meta reported an error that may be its server's."),
    # "Temporary due to downtime or due to being overloaded … before trying again."
    2: passing("provider_unavailable", "Meta is temporarily unavailable."),
    # "Message failed to send … Try again."
    131000: passing("provider_unavailable", "Meta failed to send the message."),
    # "A service is temporarily unavailable … before trying again."
    131016: passing("provider_unavailable", "Meta is temporarily unavailable."),
    # Maintenance (a throughput upgrade) refuses all messages for some minutes.
    131057: passing("provider_maintenance", "The account is in maintenance.", retry_after=_MINUTE),
    # "Server is temporarily unavailable … before trying again."
    133004: passing("provider_unavailable", "Meta is temporarily unavailable."),
    # "Failed to send because of an unknown error with your request parameters": not sent, but the
    # page advises changing the request, not a retry.
    135000: content("content_refused", "Meta could not work with the message's parameters."),
    # Limits.
    4: limited("rate_limited", "The app's limit of API calls is reached.", retry_after=_MINUTE),
    80007: limited("rate_limited", "The account's rate limit is reached.", retry_after=_MINUTE),
    130429: limited("rate_limited", "The number's throughput is reached.", retry_after=_SOON),
    131056: limited(
        "recipient_rate_limited",
        "Too many messages to this recipient in a short time.",
        retry_after=6.0,
        scope=LimitScope.RECIPIENT,
    ),
    131048: limited("spam_limited", "Meta limits this number: spam reports.", retry_after=_HOUR),
    131064: limited("messaging_limited", "The messaging limit is reached.", retry_after=_HOUR),
    133016: limited("rate_limited", "Too many registration attempts.", retry_after=_HOUR),
    132069: limited("flow_limited", "The template's flow is throttled.", retry_after=_HOUR),
    # The recipient.
    131026: recipient("recipient_unreachable", "The number cannot receive WhatsApp messages."),
    131062: recipient("recipient_unsupported", "The recipient cannot be addressed this way."),
    137000: recipient("recipient_unsupported", "The recipient cannot be addressed this way."),
    131050: opt_out("opted_out", "The recipient stopped marketing messages."),
    # This sender to this recipient.
    131021: route("recipient_is_sender", "Sender and recipient are the same number."),
    131030: route("recipient_not_allowed", "A test number may only write to its allowed list."),
    130403: route("recipient_blocked", "This business has blocked the recipient."),
    130497: route("country_restricted", "The account may not write to this country."),
    # Meta's limits of marketing to one person. A retry of an experiment's recipient is useless.
    130472: capped("recipient_experiment", "The recipient is in one of Meta's experiments."),
    131049: capped(
        "recipient_cooldown", "Meta limits marketing messages to this recipient.", retry_after=_DAY
    ),
    # The content.
    100: content("content_refused", "Meta refused a parameter of the message."),
    131008: content("content_refused", "A required parameter is missing."),
    131009: content("content_refused", "A parameter's value is invalid."),
    131047: content("window_closed", "Outside the 24-hour window: a template is needed."),
    131051: content("content_unsupported", "This type of message is not supported."),
    # Media: not sent, but the page blames the file and advises no retry.
    131052: content("media_failed", "The media could not be downloaded."),
    131053: content("media_failed", "The media could not be uploaded."),
    132000: content("template_parameters", "The number of template parameters does not match."),
    132005: content("template_too_long", "The text is too long with its parameters filled in."),
    132007: content("template_policy", "The template's content violates a WhatsApp policy."),
    132008: content("template_parameters", "A template parameter is not allowed."),
    132012: content("template_parameters", "A template parameter has the wrong format."),
    132018: content("template_parameters", "The template's parameters are not valid."),
    # The template itself: no message of the broadcast can be sent with it.
    132001: config("template_missing", "The template does not exist in this language."),
    132015: config("template_paused", "Meta paused the template for low quality."),
    132016: config("template_disabled", "Meta disabled the template for low quality."),
    132068: config("flow_blocked", "The template's flow is blocked."),
}

SUBCODES: dict[tuple[int, int], ErrorRule] = {
    # "Object with ID … does not exist, cannot be loaded due to missing permissions …": the object
    # is the sender's number.
    (100, 33): config(
        "sender_refused", "Meta knows no number with the sender's id, or the token may not use it."
    ),
}
"""(code, error_subcode) → rule, if the subcode changes the code's meaning."""

_PERMISSIONS = range(200, 300)
_FORBIDDEN = config("sender_forbidden", "A permission was not granted or has been removed.")

# Statuses of messages that Meta accepted with 200 but holds back; a later webhook has the outcome.
HELD: dict[str, ErrorRule] = {
    "held_for_quality_assessment": waiting(
        "held_for_quality", "Meta holds the message until the template's quality is assessed."
    ),
    "paused": waiting("held_paused", "Meta holds the message because the template is paused."),
}

_HELD_OTHERWISE = waiting("held_by_provider", "Meta took the message but has not let it go yet.")


def rule_for(code: int, subcode: Any = None) -> ErrorRule | None:
    """The row for Meta's code and its error_subcode; None for an unmapped code."""
    of_subcode = SUBCODES.get((code, code_in(subcode) or 0))
    if of_subcode is not None:
        return of_subcode
    return _FORBIDDEN if code in _PERMISSIONS else ERRORS.get(code)


def held(wamid: str, *, status: str) -> Outcome:
    """The outcome of a message that Meta took but holds back."""
    rule = HELD.get(status, _HELD_OTHERWISE)
    return replace(rule.outcome(provider_code=status[:64]), provider_message_id=wamid)


def failed(error: Mapping[str, Any]) -> Outcome:
    """The outcome of a failed status, by its error object; {} if Meta gives no reason."""
    if not error:
        return without_reason("Meta reported a failure without saying why.")
    code = code_in(error.get("code"))
    rule = None if code is None else rule_for(code, error.get("error_subcode"))
    return failure(rule, provider_code=code_text_in(error.get("code")), message=details(error))


def failed_by(errors: object, read: Callable[[dict[str, Any]], Outcome] = failed) -> Outcome:
    """The outcome of a failed status by its list of errors, whatever their order.

    A code that we know decides before one that we don't. A single error may come without a list.
    """
    listed = errors if isinstance(errors, list) else [errors]
    outcomes = [read(dict(object_in(error))) for error in listed] or [read({})]
    known = [outcome for outcome in outcomes if outcome.code != UNMAPPED]
    return least_certain(known or outcomes)


def details(error: Mapping[str, Any]) -> str:
    """Meta's most specific text about an error."""
    match error:
        case {"error_data": {"details": str(text)}} if text:
            return text[:300]
    return str(error.get("message") or error.get("title") or "")[:300]
