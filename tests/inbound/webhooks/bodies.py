"""Bodies of webhook calls by provider. The fuzzed tests change them."""

import base64
import json
from typing import Any
from urllib.parse import urlencode


class Form(dict[str, Any]):
    """A body that is sent as a form."""


class DataForm(list[Any]):
    """A body that is sent as JSON in one field of a form (MSG91's version 2)."""


class PubSub(dict[str, Any]):
    """A body that is sent as the data of a Pub/Sub message."""


BODIES: dict[str, list[Any]] = {
    "meta_cloud": [
        {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "id": "1",
                    "changes": [
                        {
                            "field": "messages",
                            "value": {
                                "messaging_product": "whatsapp",
                                "metadata": {"phone_number_id": "106540352242922"},
                                "statuses": [
                                    {
                                        "id": "wamid.1",
                                        "status": "failed",
                                        "timestamp": "1700000000",
                                        "recipient_id": "491701234567",
                                        "biz_opaque_callback_data": "x",
                                        "errors": [{"code": 131026, "title": "Undeliverable"}],
                                    }
                                ],
                                "user_preferences": [
                                    {
                                        "wa_id": "491701234567",
                                        "category": "marketing_messages",
                                        "value": "stop",
                                        "timestamp": 1700000000,
                                    }
                                ],
                                "messages": [
                                    {
                                        "from": "491701234567",
                                        "id": "wamid.2",
                                        "timestamp": "1700000000",
                                        "type": "text",
                                        "text": {"body": "STOP"},
                                        "context": {"id": "wamid.1"},
                                    }
                                ],
                            },
                        }
                    ],
                }
            ],
        }
    ],
    "telegram_bot": [
        {
            "update_id": 1,
            "message": {
                "message_id": 5,
                "date": 1700000000,
                "chat": {"id": 77, "type": "private"},
                "text": "/start payload",
                "reply_to_message": {"message_id": 4},
            },
        },
        {
            "update_id": 2,
            "my_chat_member": {
                "chat": {"id": 77, "type": "private"},
                "date": 1700000000,
                "new_chat_member": {"status": "kicked", "user": {"id": 1}},
            },
        },
        {
            "update_id": 3,
            "callback_query": {
                "id": "99",
                "from": {"id": 77},
                "data": "yes",
                "message": {
                    "message_id": 4,
                    "date": 1700000000,
                    "chat": {"id": 77, "type": "private"},
                    "reply_markup": {
                        "inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]
                    },
                },
            },
        },
    ],
    "twilio": [
        Form(
            MessageSid="SM1",
            MessageStatus="undelivered",
            ErrorCode="30003",
            To="+491701234567",
            From="+14155550100",
            broadcast_message_id="0198c0de-0000-7000-8000-000000000001",
        ),
        Form(MessageSid="SM2", From="whatsapp:+491701234567", To="+1415", Body="STOP"),
    ],
    "google_rbm": [
        PubSub(
            senderPhoneNumber="+491701234567",
            eventType="DELIVERED",
            eventId="e1",
            messageId="0198c0de-0000-7000-8000-000000000001",
            sendTime="2026-07-01T10:00:00.123Z",
            agentId="a@rbm.goog",
        ),
        PubSub(
            senderPhoneNumber="+491701234567",
            messageId="m2",
            text="STOP",
            sendTime="2026-07-01T10:00:00Z",
            agentId="a@rbm.goog",
        ),
    ],
    "gupshup": [
        {
            "app": "Shop",
            "timestamp": 1700000000000,
            "version": 2,
            "type": "message-event",
            "payload": {
                "id": "gs-1",
                "gsId": "gs-1",
                "type": "failed",
                "destination": "491701234567",
                "payload": {"code": 1002, "reason": "No such number", "ts": 1700000000},
            },
        },
        {
            "app": "Shop",
            "timestamp": 1700000000000,
            "version": 2,
            "type": "message",
            "payload": {
                "id": "wamid.1",
                "source": "491701234567",
                "type": "text",
                "payload": {"text": "STOP"},
                "sender": {"phone": "491701234567", "name": "Ana"},
                "context": {"id": "wamid.0", "gsId": "gs-0"},
            },
        },
    ],
    "msg91": [
        DataForm(
            [
                {
                    "requestId": "r1",
                    "userId": "1",
                    "senderId": "SHOP",
                    "report": [
                        {
                            "date": "2026-07-01 10:00:00",
                            "number": "919876543210",
                            "status": "2",
                            "desc": "FAILED",
                            "CRQID": "0198c0de-0000-7000-8000-000000000001",
                        }
                    ],
                }
            ]
        ),
        {
            "date": "2026-07-01 10:00:00",
            "requestId": "r1",
            "number": "919876543210",
            "status": "1",
            "CRQID": "0",
        },
    ],
    "vonage": [
        {
            "msisdn": "491701234567",
            "to": "Shop",
            "messageId": "v1",
            "status": "failed",
            "err-code": "9",
            "client-ref": "0198c0de-0000-7000-8000-000000000001",
            "message-timestamp": "2026-07-01 10:00:00",
        },
        {
            "msisdn": "491701234567",
            "to": "14155550100",
            "messageId": "v2",
            "text": "STOP",
            "message-timestamp": "2026-07-01 10:00:00",
        },
    ],
}


def encoded(body: Any) -> bytes:
    """Encodes a body: bytes stay, other values become JSON or the form of their class."""
    if isinstance(body, bytes):
        return body
    if isinstance(body, DataForm):
        return urlencode({"data": json.dumps(body)}).encode()
    if isinstance(body, Form):
        return urlencode(body, errors="replace").encode()
    raw = json.dumps(body).encode()
    if not isinstance(body, PubSub):
        return raw
    data = base64.b64encode(raw).decode()
    return json.dumps({"message": {"data": data}, "subscription": "s"}).encode()
