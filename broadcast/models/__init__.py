from broadcast.models.batch import Batch
from broadcast.models.broadcast import Broadcast
from broadcast.models.charge_line import ChargeLine
from broadcast.models.counters import BroadcastCounters
from broadcast.models.lane import Lane
from broadcast.models.message import BroadcastMessage
from broadcast.models.provider_message_id import ProviderMessageId

__all__ = (
    "Batch",
    "Broadcast",
    "BroadcastCounters",
    "BroadcastMessage",
    "ChargeLine",
    "Lane",
    "ProviderMessageId",
)
