"""What every test of the engine may ask: where the rows are, and whether all adds up."""

from broadcast.models import Broadcast


def statuses(broadcast: Broadcast) -> list[str]:
    return list(broadcast.messages.order_by("seq").values_list("status", flat=True))
