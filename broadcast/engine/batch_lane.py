"""Reads a lane with everything that its batches need."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from broadcast.models import Broadcast, Lane
from channels.models import Sender
from tracking.models import TrackedURL


@dataclass(frozen=True, slots=True)
class BatchLane:
    """A lane, its broadcast and sender, and the position of each tracked URL."""

    row: Lane
    broadcast: Broadcast
    sender: Sender
    positions: Mapping[str, int]


def read_lane(lane_id: int) -> BatchLane | None:
    """The lane; None if it is gone or its broadcast has no sender."""
    links = TrackedURL.objects.filter(broadcast=OuterRef("broadcast")).order_by("position")
    lane = (
        Lane.objects.select_related(
            "broadcast__tenant",
            "broadcast__sender__app",
            "broadcast__template",
        )
        .annotate(links=ArraySubquery(links.values("url")))
        .filter(pk=lane_id)
        .first()
    )
    if lane is None or lane.broadcast.sender is None:
        return None
    broadcast, sender = lane.broadcast, lane.broadcast.sender
    sender.tenant = broadcast.tenant
    return BatchLane(
        row=lane,
        broadcast=broadcast,
        sender=sender,
        positions={url: position for position, url in enumerate(lane.links)},
    )
