"""`manage.py replay_events --failed | --partly`: apply stored webhook events once more."""

from argparse import ArgumentParser
from datetime import UTC
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from inbound.applying.replaying import replay
from inbound.models import EventStatus, ProviderEvent


class Command(BaseCommand):
    help = (
        "Apply stored webhook events once more: all failed ones, all that were partly understood, "
        "one event, or all since a time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--failed", action="store_true", help="all failed events")
        which.add_argument(
            "--partly", action="store_true", help="all events with parts that were not understood"
        )
        which.add_argument("--id", type=UUID, help="one event")
        which.add_argument(
            "--since", help="all events received since this time (ISO 8601; without an offset: UTC)"
        )
        parser.add_argument("--app", type=UUID, help="only events of this provider app")

    def handle(self, **options: Any) -> None:
        events = _chosen(options)
        if options["app"]:
            events = events.filter(app_id=options["app"])
        self.stdout.write(f"{replay(events)} events will be applied again.")


def _chosen(options: dict[str, Any]) -> QuerySet[ProviderEvent]:
    if options["failed"]:
        return ProviderEvent.objects.filter(status=EventStatus.FAILED)
    if options["partly"]:
        return ProviderEvent.objects.filter(status=EventStatus.PARTLY)
    if options["id"]:
        return ProviderEvent.objects.filter(pk=options["id"])
    try:
        since = parse_datetime(options["since"])
    except ValueError:
        since = None
    if since is None:
        raise CommandError("--since takes a time such as 2026-07-01T10:00:00Z.")
    return ProviderEvent.objects.filter(
        received_at__gte=since if since.tzinfo else since.replace(tzinfo=UTC)
    )
