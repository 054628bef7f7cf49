"""Twilio's error codes → outcome; one map for answers and for failed statuses.

Source: twilio.com/docs/api/errors. Codes that only a status can carry (30xxx, 63xxx) are here too:
their texts are shown with the message.
"""

from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.error_rules import (
    UNMAPPED,
    ErrorRule,
    config,
    content,
    limited,
    opt_out,
    recipient,
    unknown,
)

# Most refusals name no time; these are our defaults, in seconds.
_SOON = 5.0
_MINUTE = 60.0
_HOUR = 3600.0

ERRORS: dict[int, ErrorRule] = {
    # Authorisation and set-up: no message can be sent until the sender is repaired.
    10001: config("account_restricted", "The account at Twilio is not active."),
    20003: config("sender_unauthorized", "Twilio does not accept the account's credentials."),
    20005: config("account_restricted", "The account at Twilio is not active."),
    20404: config("sender_unauthorized", "Twilio knows no such account."),
    21212: config("sender_refused", "Twilio does not accept the sender's number."),
    21408: config("country_not_enabled", "The account may not send to this country."),
    21601: config("sender_refused", "The sender's number cannot send messages."),
    21603: config("sender_refused", "The message names no sender."),
    21606: config("sender_refused", "The sender's number is not the account's or cannot send."),
    21608: config("recipient_not_allowed", "A trial account may only write to verified numbers."),
    21609: config("callback_refused", "Twilio does not accept the address for receipts."),
    21655: config("template_missing", "Twilio knows no such content template."),
    # Twilio also uses this code for a short code of another country than the recipient's.
    21659: config("sender_refused", "The sender's number is not at Twilio, or cannot send there."),
    21660: config("sender_refused", "The sender's number belongs to another account."),
    21661: config("sender_refused", "The sender's number cannot send messages."),
    21701: config("sender_refused", "The messaging service does not exist."),
    21703: config("sender_refused", "The messaging service has no number to send from."),
    21705: config("sender_refused", "The messaging service does not exist."),
    21910: config("sender_refused", "Sender and recipient are on different channels."),
    30002: config("account_restricted", "Twilio suspended the account."),
    30032: config("number_not_registered", "The toll-free number is not verified."),
    30034: config("number_not_registered", "The number is not registered for A2P 10DLC."),
    63001: config("sender_unauthorized", "The channel could not authenticate the sender."),
    63007: config("sender_refused", "Twilio knows no such sender on this channel."),
    63027: config("template_missing", "The template does not exist in this language."),
    63041: config("template_paused", "WhatsApp paused the template for low quality."),
    # Limits. 20429 means "never processed"; the other codes mean that a queue refused the message.
    20429: limited("rate_limited", "Twilio asks to slow down.", retry_after=_SOON),
    14107: limited("rate_limited", "The sender's rate limit is reached.", retry_after=_SOON),
    21611: limited("queue_full", "The number's queue at Twilio is full.", retry_after=_HOUR),
    30001: limited("queue_full", "The number's queue at Twilio is full.", retry_after=_MINUTE),
    30022: limited("rate_limited", "The carrier's rate limit is reached.", retry_after=_MINUTE),
    30023: limited("messaging_limited", "The carrier's daily cap is reached.", retry_after=_HOUR),
    63017: limited("rate_limited", "The channel's rate limit is reached.", retry_after=_MINUTE),
    63018: limited("rate_limited", "The channel's rate limit is reached.", retry_after=_MINUTE),
    63038: limited("messaging_limited", "The account's daily limit is reached.", retry_after=_HOUR),
    # The recipient.
    21211: recipient("recipient_invalid", "This is not a valid number."),
    21214: recipient("recipient_unreachable", "The number cannot be reached."),
    21612: recipient("recipient_unreachable", "Twilio has no route to this number."),
    21614: recipient("recipient_unreachable", "The number cannot receive messages."),
    30003: recipient("recipient_unavailable", "The handset was off or out of reach."),
    30004: recipient("recipient_blocked", "The message was blocked for this number."),
    30005: recipient("recipient_unreachable", "The number does not exist any more."),
    30006: recipient("recipient_unreachable", "The number is a landline or has no carrier."),
    30036: recipient("expired", "The message's validity period ended before it was delivered."),
    63003: recipient("recipient_unreachable", "The recipient cannot be found on this channel."),
    63024: recipient("recipient_unreachable", "The recipient cannot receive this message."),
    63032: recipient("recipient_unreachable", "WhatsApp does not send to this recipient."),
    63036: recipient("recipient_unreachable", "The recipient cannot be reached by RCS."),
    63049: recipient("recipient_cooldown", "Meta limits marketing messages to this recipient."),
    21610: opt_out("opted_out", "The recipient replied STOP."),
    63014: opt_out("opted_out", "The recipient does not want messages from this sender."),
    # The content.
    21602: content("content_refused", "The message has no text."),
    21604: content("content_refused", "The message has no recipient."),
    21617: content("content_too_long", "The text is longer than 1,600 characters."),
    21619: content("content_refused", "The message has neither text nor media."),
    21620: content("media_failed", "The media's URL is not valid."),
    21656: content("template_parameters", "The template's variables are not valid."),
    30007: content("content_filtered", "The carrier filtered the message as unwanted."),
    63013: content("content_refused", "The content violates a policy of the channel."),
    63016: content("window_closed", "Outside the 24-hour window: a template is needed."),
    63019: content("media_failed", "The media could not be downloaded."),
    63028: content("template_parameters", "The number of template parameters does not match."),
    # None of these codes says that the message was not processed.
    30008: unknown("provider_unavailable", "The carrier reported an error without a cause."),
    30410: unknown("provider_unavailable", "The carrier did not answer in time."),
    63010: unknown("provider_unavailable", "The channel reported an error of its own."),
    63012: unknown("provider_unavailable", "The channel reported an error of its own."),
}


def rule_for(code: int) -> ErrorRule | None:
    """The row for Twilio's code; None for an unmapped code."""
    return ERRORS.get(code)


def explain(code: str) -> tuple[str, str]:
    """Our code and a text for users, for the ErrorCode of a failed status."""
    rule = rule_for(int(code)) if code.isascii() and code.isdigit() else None
    if rule is not None:
        return rule.code, rule.message
    if not code:
        return "delivery_failed", "Twilio reported a failure without saying why."
    return UNMAPPED, "Twilio reported a failure."


def opted_out(code: str) -> bool:
    """Whether this failure is an opt-out of the recipient."""
    rule = rule_for(int(code)) if code.isascii() and code.isdigit() else None
    return rule is not None and rule.cause is FailureCause.OPT_OUT


def failure(sid: str, code: int, text: str) -> Outcome:
    """The outcome of a message that Twilio took and failed at once: it was not sent."""
    rule = rule_for(code)
    return Outcome(
        OutcomeKind.PERMANENT,
        provider_message_id=sid,
        code=rule.code if rule else UNMAPPED,
        provider_code=str(code),
        message=rule.message if rule else text[:300] or "Twilio reported a failure.",
        cause=rule.cause if rule else FailureCause.NONE,
    )
