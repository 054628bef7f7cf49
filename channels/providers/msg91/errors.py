"""MSG91's error codes and report statuses → outcome.

Source: MSG91's help page on delivery reports by webhook, and the list of its service's error codes
(github.com/tesark/msg91-php, ERRORCODE.md). The flow API often sends a text without a code.
"""

from channels.port.outcomes import Outcome
from channels.providers.error_rules import (
    ErrorRule,
    config,
    content,
    failure,
    limited,
    recipient,
    unknown,
)

ERRORS: dict[str, ErrorRule] = {
    "101": recipient("recipient_unreachable", "The mobile number is missing."),
    "102": content("content_refused", "The text is missing."),
    "103": config("sender_refused", "The sender id is missing."),
    "106": config("sender_unauthorized", "The authentication key is missing."),
    "201": config("sender_unauthorized", "MSG91 does not accept the authentication key."),
    "202": recipient("recipient_unreachable", "The mobile number is not valid."),
    "203": config("sender_refused", "MSG91 does not accept the sender id."),
    "207": config("sender_unauthorized", "MSG91 does not accept the authentication key."),
    "208": config("sender_forbidden", "MSG91 does not accept calls from this server's address."),
    "301": config("provider_billing", "The account at MSG91 has too little credit."),
    "302": config("account_restricted", "The account at MSG91 has expired."),
    "303": config("account_restricted", "MSG91 banned the account."),
    # "You can send SMS from this route only between 9 AM and 9 PM."
    "306": limited("night_limited", "Promotional messages wait until morning.", retry_after=3600),
    "310": content("content_too_long", "The text is too long."),
    # "Discarded because the same request was generated twice within 10 seconds": the first request
    # may have been sent.
    "311": unknown("duplicate_request", "MSG91 took this for a repeated request."),
    "418": config("sender_forbidden", "MSG91 does not accept calls from this server's address."),
    "505": config("account_restricted", "A demo account may not send this."),
    "506": limited("rate_limited", "The account's limit of small campaigns.", retry_after=60),
}

# How a text without a code begins, in lower case → rule
SENTENCES: dict[str, ErrorRule] = {
    "authentication failure": ERRORS["207"],
    "unauthorized": ERRORS["207"],
    "no valid mobile number": ERRORS["202"],
    "please provide valid mobile": ERRORS["202"],
    "invalid authkey": ERRORS["207"],
    "template id missing": config("template_missing", "MSG91 knows no such template."),
    "template_id": config("template_missing", "MSG91 knows no such template."),
    "invalid template": config("template_missing", "MSG91 knows no such template."),
    "flow id missing": config("template_missing", "MSG91 knows no such template."),
    "invalid flow": config("template_missing", "MSG91 knows no such template."),
    "ip not whitelisted": ERRORS["418"],
    "insufficient balance": ERRORS["301"],
}

REPORTS: dict[str, ErrorRule] = {
    "2": recipient("delivery_failed", "The network did not deliver the message."),
    # India's national do-not-disturb register: not an opt-out from this sender.
    "9": recipient("recipient_dnd", "The recipient is registered against promotional messages."),
    "16": recipient("delivery_rejected", "The network rejected the message."),
    "17": recipient("recipient_blocked", "The number is blocked at MSG91."),
    "25": recipient("delivery_rejected", "The network rejected the message."),
}


def rule_for(code: str, sentence: str) -> ErrorRule | None:
    """The row for an error; None for an unmapped error."""
    if code in ERRORS:
        return ERRORS[code]
    text = sentence.casefold()
    return next((rule for start, rule in SENTENCES.items() if text.startswith(start)), None)


def failed(status: str) -> Outcome:
    """The outcome of a report about a failure."""
    return failure(
        REPORTS.get(status), provider_code=status, message="The message was not delivered."
    )
