"""Twilio's error codes → outcome; one map for answers and for failed statuses.

Source: twilio.com/docs/api/errors. Most statuses carry 30xxx or 63xxx, most answers the others.
"""

from dataclasses import replace

from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.error_rules import (
    ErrorRule,
    capped,
    config,
    content,
    failure,
    limited,
    opt_out,
    recipient,
    route,
    unknown,
    without_reason,
)
from channels.providers.json_values import code_in, code_text_in

# Most refusals name no time; these are our defaults, in seconds.
_SOON = 5.0
_MINUTE = 60.0
_HOUR = 3600.0
# As Meta's 131049, whose code 63049 is at Twilio.
_DAY = 24 * _HOUR

ERRORS: dict[int, ErrorRule] = {
    # Authorisation and set-up: no message can be sent until the sender is repaired.
    10001: config("account_restricted", "The account at Twilio is not active."),
    20003: config("sender_unauthorized", "Twilio does not accept the account's credentials."),
    20005: config("account_restricted", "The account at Twilio is not active."),
    20404: config("sender_unauthorized", "Twilio knows no such account."),
    21212: config("sender_refused", "Twilio does not accept the sender's number."),
    21267: config("sender_refused", "A trial account cannot send under a name."),
    21601: config("sender_refused", "The sender's number cannot send messages."),
    21603: config("sender_refused", "The message names no sender."),
    21609: config("callback_refused", "Twilio does not accept the address for receipts."),
    21655: config("template_missing", "Twilio knows no such content template."),
    21660: config("sender_refused", "The sender's number belongs to another account."),
    21661: config("sender_refused", "The sender's number cannot send messages."),
    21701: config("sender_refused", "The messaging service does not exist."),
    21704: config("sender_refused", "The messaging service has no number to send from."),
    21705: config("sender_refused", "The messaging service does not exist."),
    21910: config("sender_refused", "Sender and recipient are on different channels."),
    30002: config("account_restricted", "Twilio suspended the account."),
    30032: config("number_not_registered", "The toll-free number is not verified."),
    30034: config("number_not_registered", "The number is not registered for A2P 10DLC."),
    30035: config("number_not_registered", "The number is still being registered for A2P 10DLC."),
    30990: config("number_not_registered", "The A2P 10DLC campaign of the number is suspended."),
    30037: config("account_restricted", "Twilio has switched off outgoing messages."),
    63001: config("sender_unauthorized", "The channel could not authenticate the sender."),
    63007: config("sender_refused", "Twilio knows no such sender on this channel."),
    63020: config("account_restricted", "Meta's business account of the sender has a problem."),
    63027: config("template_missing", "The template does not exist in this language."),
    63041: config("template_paused", "WhatsApp paused the template for low quality."),
    63042: config("template_disabled", "WhatsApp disabled the template for low quality."),
    63112: config("account_restricted", "Meta disabled the sender's WhatsApp Business account."),
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
    21614: recipient("recipient_unreachable", "The number cannot receive messages."),
    30003: recipient("recipient_unavailable", "The handset was off or out of reach."),
    30004: recipient("recipient_blocked", "The message was blocked for this number."),
    30005: recipient("recipient_unreachable", "The number does not exist any more."),
    30006: recipient("recipient_unreachable", "The number is a landline or has no carrier."),
    30036: recipient("expired", "The message's validity period ended before it was delivered."),
    63003: recipient("recipient_unreachable", "The recipient cannot be found on this channel."),
    63024: recipient("recipient_unreachable", "The recipient cannot receive this message."),
    63036: recipient("recipient_unreachable", "The recipient cannot be reached by RCS."),
    # This sender to this destination.
    21266: route("recipient_is_sender", "Sender and recipient are the same number."),
    21408: route("country_not_enabled", "The account may not send to this country."),
    # "… not a valid message-capable Twilio phone number for this destination/account": a short code
    # of another country, for example.
    21606: route("route_refused", "The sender's number cannot send to this destination."),
    21608: route("recipient_not_allowed", "A trial account may only write to verified numbers."),
    21612: route("route_refused", "Twilio has no route from this sender to this number."),
    # "'From' is not a Twilio phone number or Short Code country mismatch".
    21659: route("route_refused", "The sender's number cannot send to this country."),
    # "… none of them are capable of sending the requested message or media to this recipient".
    21703: route("route_refused", "No number of the messaging service can send to this recipient."),
    30024: route("route_refused", "The recipient's carrier does not know the sender's number."),
    # "Temporarily blocked": its protection against pumping saw too many messages to this number.
    30450: route("route_refused", "Twilio blocks messages to this number for some time."),
    63015: route("recipient_not_allowed", "The recipient has not joined Twilio's sandbox."),
    63031: route("recipient_is_sender", "Sender and recipient are the same number."),
    63033: route("recipient_blocked", "The recipient cannot be written to by this sender."),
    # Meta's limits of marketing to one person; WhatsApp's code for 63032 is 472, the experiments.
    63032: capped("recipient_experiment", "WhatsApp does not send marketing to this recipient."),
    63049: capped(
        "recipient_cooldown", "Meta limits marketing messages to this recipient.", retry_after=_DAY
    ),
    21610: opt_out("opted_out", "The recipient replied STOP."),
    63014: opt_out("opted_out", "The recipient does not want messages from this sender."),
    63050: opt_out("opted_out", "The recipient stopped marketing messages."),
    # The content.
    21602: content("content_refused", "The message has no text."),
    21604: content("content_refused", "The message has no recipient."),
    21617: content("content_too_long", "The text is longer than 1,600 characters."),
    21619: content("content_refused", "The message has neither text nor media."),
    21620: content("media_failed", "The media's URL is not valid."),
    21656: content("template_parameters", "The template's variables are not valid."),
    30007: content("content_filtered", "The carrier filtered the message as unwanted."),
    63005: content("content_refused", "The channel did not accept the content."),
    63021: content("content_refused", "The channel did not accept the content."),
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


def failed(code: str, *, text: str = "") -> Outcome:
    """The outcome of a failed status, by its ErrorCode; `text` is for a code without a row."""
    number = code_in(code)
    if not code or number == 0:
        return without_reason("Twilio reported a failure without saying why.")
    rule = None if number is None else rule_for(number)
    message = text or "Twilio reported a failure."
    return failure(rule, provider_code=code_text_in(code), message=message)


def failed_at_once(sid: str, code: str, text: str) -> Outcome:
    """The outcome of a message that Twilio took and failed at once: it was not sent.

    PERMANENT even for a limit, because the message has its id and its receipts at Twilio.
    """
    return replace(failed(code, text=text), kind=OutcomeKind.PERMANENT, provider_message_id=sid)
