"""The actions of the demo's tenant, all through the REST API."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broadcast.models import BroadcastMessage
from broadcast.states import ACCEPTED, FINISHED, BroadcastStatus
from demo.client import Client
from demo.make_contacts import CSV_PATH
from demo.reconciling import Comparison, accepted_by, compare
from demo.senders import OFFER
from demo.tenant import SHOP, DemoTenant
from tracking.links import encode

TAG = "demo"
POLL_SECONDS = 0.25
IMPORT_DEADLINE = 60.0
SEND_DEADLINE = 150.0
RECEIPTS_DEADLINE = 60.0
CLICKERS = 45  # recipients of each broadcast that click; every fifth of them clicks twice
UNFINISHED = "SCHEDULED,QUEUED,SENDING"


class TookTooLong(Exception):
    """A step failed or did not end in time; the message says which."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The two broadcasts of this run, by platform."""

    whatsapp: str
    telegram: str

    @property
    def ids(self) -> Sequence[str]:
        return (self.whatsapp, self.telegram)


def cancel_leftovers(client: Client) -> int:
    """Cancels the broadcasts of an interrupted run; returns how many there were."""
    leftovers = [
        broadcast["id"]
        for broadcast in client.pages("/broadcast/", status__in=UNFINISHED)
        if (broadcast["reference"] or "").startswith("demo-")
    ]
    for broadcast_id in leftovers:
        client.post(f"/broadcast/{broadcast_id}/cancel/")
    return len(leftovers)


def import_contacts(client: Client) -> Mapping[str, Any]:
    job = client.upload(
        "/contacts/imports/", file_name=CSV_PATH.name, content=CSV_PATH.read_bytes(), tags=TAG
    )
    deadline = time.monotonic() + IMPORT_DEADLINE
    while job["status"] not in ("DONE", "FAILED"):
        _wait_a_moment(deadline, "The import of the contacts")
        job = client.get(f"/contacts/imports/{job['id']}/")
    if job["status"] == "FAILED":
        raise TookTooLong(f"The import failed: {job['failure']}")
    return dict(job)


def send_both(client: Client, demo: DemoTenant) -> Sent:
    """Sends by WhatsApp to the contacts with a tag, and by Telegram to a list of contacts."""
    run = uuid.uuid4().hex[:8]
    contacts = [contact["id"] for contact in client.pages("/contacts/", tag=TAG)]
    whatsapp = {
        "name": "Summer Sale on WhatsApp",
        "reference": f"demo-whatsapp-{run}",
        "platform": "WHATSAPP",
        "sender": str(demo.whatsapp.pk),
        "template_name": OFFER,
        "template_params": {"2": SHOP},  # the template has a default for the other one
        "audience": {"tags": {"any": [TAG]}},
    }
    telegram = {
        "name": "Summer Sale on Telegram",
        "reference": f"demo-telegram-{run}",
        "platform": "TELEGRAM",
        "sender": str(demo.telegram.pk),
        "text": f"Hi {{{{first_name|there}}}}, our summer sale is on: {SHOP}",
        "recipients": contacts,
    }
    ids = [
        client.post("/broadcast/", body, key=str(body["reference"]))["id"]
        for body in (whatsapp, telegram)
    ]
    for broadcast_id in ids:
        client.post(f"/broadcast/{broadcast_id}/send/", key=f"send-{broadcast_id}")
    return Sent(*ids)


def follow(
    client: Client, sent: Sent, show: Callable[[Sequence[Mapping[str, Any]]], None]
) -> float:
    """Waits until both broadcasts are finished; returns how many seconds that took."""
    deadline = time.monotonic() + SEND_DEADLINE
    began = time.monotonic()
    ended = {status.value for status in (*FINISHED, BroadcastStatus.CANCELLED)}
    while True:
        broadcasts = _read(client, sent)
        show(broadcasts)
        if all(broadcast["status"] in ended for broadcast in broadcasts):
            return time.monotonic() - began
        for broadcast in broadcasts:
            if broadcast["status"] == "DRAFT" and broadcast["status_reason"]:
                raise TookTooLong(f"{broadcast['name']} was not sent: {broadcast['status_reason']}")
        _wait_a_moment(deadline, "The sending")


def _read(client: Client, sent: Sent) -> Sequence[Mapping[str, Any]]:
    return [client.get(f"/broadcast/{broadcast_id}/") for broadcast_id in sent.ids]


def messages_of(client: Client, sent: Sent) -> Mapping[str, Sequence[dict[str, Any]]]:
    return {
        broadcast_id: list(client.pages("/broadcast/messages/", broadcast=broadcast_id))
        for broadcast_id in sent.ids
    }


def wait_for_receipts(
    client: Client, sandbox: Client, demo: DemoTenant, sent: Sent,
    show: Callable[[Sequence[Mapping[str, Any]]], None],
) -> None:  # fmt: skip
    """Waits until the counters equal the sandbox's books; `check` reports what still differs."""
    deadline = time.monotonic() + RECEIPTS_DEADLINE
    while time.monotonic() < deadline:
        whatsapp, telegram = _read(client, sent)
        show((whatsapp, telegram))
        summary = sandbox.get("/_sandbox/summary", account=demo.whatsapp.account_id)
        ends = summary["final_status"]
        expected = {end: ends.get(end, 0) for end in ("sent", "delivered", "read")}
        expected["sent"] += ends.get("none", 0)
        counted = {end: whatsapp["counts"][end] for end in expected}
        if not summary["receipts"]["pending"] and counted == expected:
            return
        time.sleep(POLL_SECONDS)


def check(
    client: Client, sandbox: Client, demo: DemoTenant, sent: Sent
) -> tuple[Mapping[str, Sequence[dict[str, Any]]], Sequence[Comparison]]:
    """All messages by broadcast, and each broadcast's comparison with the sandbox's books."""
    messages = messages_of(client, sent)
    accounts = (demo.whatsapp.account_id, demo.telegram.account_id)
    return messages, [
        compare(messages[broadcast], accepted_by(sandbox, account=account))
        for broadcast, account in zip(sent.ids, accounts, strict=True)
    ]


def click(client: Client, sent: Sent) -> tuple[int, int]:
    """Opens the links of some recipients; returns how many recipients and how many clicks.

    The links are made from the database, because the API does not show a recipient's link.
    """
    people = clicks = 0
    for broadcast in sent.ids:
        reached = BroadcastMessage.objects.filter(broadcast_id=broadcast, status__in=ACCEPTED)
        tokens = reached.order_by("seq").values_list("token", flat=True)[:CLICKERS]
        for number, token in enumerate(tokens):
            for _ in range(2 if number % 5 == 0 else 1):
                status, location = client.visit(f"/r/{encode(token=token, position=0)}/")
                if (status, location) != (302, SHOP):
                    raise TookTooLong(f"A short link was answered with {status} {location}.")
                clicks += 1
            people += 1
    return people, clicks


def dashboard(client: Client, sent: Sent) -> Sequence[Mapping[str, Any]]:
    """The two broadcasts' rows on the dashboard, whose first page holds the newest."""
    answer = client.get("/broadcast/dashboard/")
    rows = {row["id"]: row for row in answer["results"]}
    return [rows[broadcast_id] for broadcast_id in sent.ids]


def _wait_a_moment(deadline: float, what: str) -> None:
    if time.monotonic() > deadline:
        raise TookTooLong(f"{what} did not end in time.")
    time.sleep(POLL_SECONDS)
