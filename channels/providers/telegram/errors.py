"""Telegram's errors → outcome.

Source: core.telegram.org/bots/api#making-requests; the descriptions come from the open-source
server (tdlib/telegram-bot-api). The description decides before the code, because Telegram documents
that codes may change.
"""

from http import HTTPStatus

from channels.providers.error_rules import (
    ErrorRule,
    config,
    content,
    limited,
    opt_out,
    recipient,
    route,
    unknown,
)

# (error code, how the description continues after "Forbidden: " or "Bad Request: ") → rule
ERRORS: dict[tuple[int, str], ErrorRule] = {
    (403, "bot was blocked by the user"): opt_out("opted_out", "The recipient blocked the bot."),
    (403, "user is deactivated"): recipient("recipient_gone", "The account was deleted."),
    (403, "bot was kicked from"): route("recipient_unreachable", "The bot was removed."),
    (403, "bot is not a member of"): route("recipient_unreachable", "The bot was removed."),
    (403, "the group chat was deleted"): recipient("recipient_gone", "The group was deleted."),
    (403, "bot can't initiate conversation"): route(
        "recipient_not_started", "The recipient has never started the bot."
    ),
    (403, "bot can't send messages to bots"): recipient(
        "recipient_unsupported", "The recipient is a bot."
    ),
    (400, "chat not found"): recipient("recipient_unreachable", "There is no such chat."),
    (400, "user not found"): recipient("recipient_unreachable", "There is no such user."),
    (400, "group is deactivated"): recipient("recipient_gone", "The group was deleted."),
    (400, "have no rights to send a message"): route(
        "recipient_unreachable", "The bot may not write in this chat."
    ),
    (400, "not enough rights to send"): route(
        "recipient_unreachable", "The bot may not write in this chat."
    ),
    (400, "CHAT_WRITE_FORBIDDEN"): route(
        "recipient_unreachable", "The bot may not write in this chat."
    ),
    (400, "CHAT_RESTRICTED"): route("recipient_unreachable", "The bot may not write in this chat."),
    (400, "USER_BANNED_IN_CHANNEL"): route(
        "recipient_unreachable", "The bot may not write in this chat."
    ),
    (400, "TOPIC_CLOSED"): route("recipient_unreachable", "The bot may not write in this topic."),
    (400, "PEER_ID_INVALID"): recipient("recipient_unreachable", "There is no such chat."),
    # If the answer names the new id, the contact moves to it and the message is sent again.
    (400, "group chat was upgraded to a supergroup chat"): recipient(
        "recipient_moved", "The group has moved to another chat id."
    ),
    (400, "message text is empty"): content("content_refused", "The text is empty."),
    (400, "message is too long"): content("content_too_long", "The text is too long."),
    (400, "message caption is too long"): content("content_too_long", "The caption is too long."),
    (400, "BUTTON_URL_INVALID"): content("content_refused", "A button's URL is not valid."),
    (400, "file is too big"): content("media_failed", "The media is too large."),
    (400, "can't parse entities"): content("content_refused", "The formatting is not valid."),
    (400, "wrong file identifier/HTTP URL specified"): content(
        "media_failed", "The media's id or URL is wrong."
    ),
    # Refused and not sent, but no documentation says that a retry may help.
    (400, "failed to get HTTP URL content"): content(
        "media_failed", "Telegram could not fetch the media."
    ),
}

CODES: dict[int, ErrorRule] = {
    # "Flood control exceeded": not processed. It holds the whole bot for `retry_after` seconds.
    429: limited("rate_limited", "Telegram asks the bot to slow down.", retry_after=5),
    401: config("sender_unauthorized", "Telegram does not accept the bot's token."),
    404: config("sender_unauthorized", "Telegram knows no bot with this token."),
    409: config("sender_conflict", "Another program is fetching this bot's updates."),
}

# No 5xx is documented; the server's "Internal Server Error" may come after the message was sent.
_SERVER_ERROR = unknown("provider_unavailable", "Telegram answered with a server error.")


def rule_for(code: int, description: str) -> ErrorRule | None:
    """The row for an error; None for an unmapped error."""
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _SERVER_ERROR
    reason = description.partition(": ")[2].casefold()
    for (row_code, beginning), rule in ERRORS.items():
        if code == row_code and reason.startswith(beginning.casefold()):
            return rule
    return CODES.get(code)
