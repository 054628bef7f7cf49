"""How long the texts of broadcasts and messages may be: their columns' `max_length`."""

from typing import Any

from django.db import models

from broadcast.models.broadcast import Broadcast
from broadcast.models.message import BroadcastMessage


def _max_length(model: type[models.Model], name: str) -> int:
    column: Any = model._meta.get_field(name)
    return int(column.max_length)


MAX_NAME = _max_length(Broadcast, "name")
MAX_STATUS_REASON = _max_length(Broadcast, "status_reason")
MAX_PAUSE_REASON = _max_length(Broadcast, "pause_reason")
MAX_ERROR_CODE = _max_length(BroadcastMessage, "error_code")
MAX_PROVIDER_ERROR_CODE = _max_length(BroadcastMessage, "provider_error_code")
MAX_ERROR_MESSAGE = _max_length(BroadcastMessage, "error_message")
MAX_PROVIDER_MESSAGE_ID = _max_length(BroadcastMessage, "provider_message_id")
