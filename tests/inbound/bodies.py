"""Calls as providers make them, by provider: what the fuzzed tests start from."""

import json
from typing import Any

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
    ],
}


def encoded(body: Any) -> bytes:
    """As it is sent: text and bytes as they are, all else as JSON."""
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
