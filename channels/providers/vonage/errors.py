"""Vonage's numbers → outcome: the status of a part in an answer, the err-code of a receipt.

Source: developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms and Vonage's page "SMS
Delivery Error Codes and Descriptions". A receipt's code only explains the failure: no message is
retried because of a receipt.
"""

from channels.port.outcomes import Outcome
from channels.providers.error_rules import (
    ErrorRule,
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
from channels.providers.json_values import code_text_in

# Vonage names no time; these are our defaults, in seconds.
_SOON = 1.0
_MINUTE = 60.0

STATUSES: dict[str, ErrorRule] = {
    "1": limited("rate_limited", "Vonage's throughput limit is reached.", retry_after=_SOON),
    "2": content("content_refused", "A required parameter is missing."),
    "3": content("content_refused", "A parameter's value is invalid."),
    "4": config("sender_unauthorized", "Vonage does not accept the sender's key and secret."),
    # "An error has occurred in the platform whilst processing this message": it may have been sent.
    "5": unknown("provider_unavailable", "Vonage reported an internal error."),
    "6": recipient("recipient_unreachable", "Vonage could not work with this number."),
    "7": recipient("recipient_blocked", "The number is barred at Vonage."),
    "8": config("account_restricted", "Vonage suspended the account."),
    "9": config("provider_billing", "The account at Vonage has too little credit."),
    "10": limited("rate_limited", "Too many connections of this account.", retry_after=_MINUTE),
    "11": config("sender_forbidden", "The account may not use Vonage's SMS API."),
    "12": content("content_too_long", "The text is too long."),
    "14": config("sender_unauthorized", "Vonage asks for signed requests from this account."),
    # Countries differ in the senders that they allow.
    "15": route("route_refused", "The sender's address is not allowed for this recipient."),
    # "… does not match the country of the destination address".
    "22": route("route_refused", "The network code does not fit this recipient."),
    "23": config("callback_refused", "Vonage does not accept the address of the webhook."),
    "29": route("recipient_not_allowed", "A trial account may only write to its own list."),
    "33": content("content_refused", "The number of the sender may not send this content."),
}

RECEIPTS: dict[str, ErrorRule] = {
    "1": recipient("delivery_failed", "The network did not deliver the message."),
    "2": recipient("recipient_unavailable", "The handset was switched off or out of reach."),
    "3": recipient("recipient_gone", "The number is not active any more."),
    "4": recipient("recipient_blocked", "The recipient's network bars the message."),
    "5": recipient("recipient_unreachable", "The number is being moved between networks."),
    "6": content("content_filtered", "A network's spam filter stopped the message."),
    "7": recipient("recipient_unavailable", "The handset was busy."),
    "8": recipient("delivery_failed", "The network failed."),
    # "User has requested not to receive messages from a specific service."
    "9": opt_out("opted_out", "The recipient opted out of this sender's messages."),
    "10": content("content_refused", "The network did not accept the message."),
    "11": route("route_refused", "Vonage has no route from this sender to this number."),
    "12": recipient("recipient_unreachable", "The number cannot be reached."),
    "13": recipient("recipient_restricted", "The recipient's age does not allow the message."),
    "14": recipient("recipient_blocked", "The recipient's network blocks such messages."),
    "15": config("provider_billing", "Too little credit for this message."),
    "16": config("provider_billing", "The account's quota at the network is used up."),
    # India's registered senders and templates: the sender may work in other countries.
    "50": route("route_refused", "The sending business is not registered for this network."),
    "51": route("route_refused", "The sender is not registered for this network."),
    "52": content("template_missing", "The text is of no template that is registered for it."),
    "53": recipient("recipient_dnd", "The recipient has not agreed to such messages."),
    "54": content("content_refused", "The country's rules do not allow the message."),
    "99": recipient("delivery_failed", "The network did not deliver the message."),
}


def failed(code: str) -> Outcome:
    """The outcome of a receipt about a failure, by its err-code."""
    code = code_text_in(code)
    if code in ("", "0", "null"):
        return without_reason("Vonage reported a failure without saying why.")
    return failure(
        RECEIPTS.get(code), provider_code=code, message="The network refused the message."
    )
