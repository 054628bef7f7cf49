"""What the demo's tenant does, step by step, through the REST API alone."""

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
from demo.senders import TEMPLATE
from demo.tenant import SHOP, DemoTenant
from tracking.links import encode

TAG = "demo"
LOOK = 0.25  # seconds between two looks at what is going on
IMPORT_DEADLINE = 60.0
SEND_DEADLINE = 150.0
RECEIPTS_DEADLINE = 60.0
CLICKERS = 45  # of each broadcast; every fifth of them clicks twice
UNFINISHED = "SCHEDULED,QUEUED,SENDING"


class TookTooLong(Exception):
    """Something did not end in its time; the message says what."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The two broadcasts of this run, by platform."""

    whatsapp: str
    telegram: str

    @property
    def ids(self) -> Sequence[str]:
        return (self.whatsapp, self.telegram)


def cancel_leftovers(client: Client) -> int:
    """Stop what an interrupted run of the demo was sending."""
    left = [
        each["id"]
        for each in client.pages("/broadcast/", status__in=UNFINISHED)
        if (each["reference"] or "").startswith("demo-")
    ]
    for broadcast in left:
        client.post(f"/broadcast/{broadcast}/cancel/")
    return len(left)


def import_contacts(client: Client) -> Mapping[str, Any]:
    job = client.upload(
        "/contacts/imports/", file_name=CSV_PATH.name, content=CSV_PATH.read_bytes(), tags=TAG
    )
    deadline = time.monotonic() + IMPORT_DEADLINE
    while job["status"] not in ("DONE", "FAILED"):
        _mind(deadline, "The import of the contacts")
        job = client.get(f"/contacts/imports/{job['id']}/")
    if job["status"] == "FAILED":
        raise TookTooLong(f"The import failed: {job['failure']}")
    return dict(job)


def send_both(client: Client, demo: DemoTenant) -> Sent:
    """WhatsApp to everybody with a tag, Telegram to a list of contacts."""
    run = uuid.uuid4().hex[:8]
    contacts = [each["id"] for each in client.pages("/contacts/", tag=TAG)]
    whatsapp = {
        "name": "Summer Sale on WhatsApp",
        "reference": f"demo-whatsapp-{run}",
        "platform": "WHATSAPP",
        "sender": str(demo.whatsapp.pk),
        "template_name": TEMPLATE,
        "template_params": {"1": "{{first_name|there}}", "2": SHOP},
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
    made = [
        client.post("/broadcast/", body, key=str(body["reference"]))["id"]
        for body in (whatsapp, telegram)
    ]
    for each in made:
        client.post(f"/broadcast/{each}/send/", key=f"send-{each}")
    return Sent(*made)


def follow(
    client: Client, sent: Sent, show: Callable[[Sequence[Mapping[str, Any]]], None]
) -> float:
    """Until both are finished; the seconds from the first start to the last finish."""
    deadline = time.monotonic() + SEND_DEADLINE
    begun = time.monotonic()
    over = {status.value for status in (*FINISHED, BroadcastStatus.CANCELLED)}
    while True:
        seen = [client.get(f"/broadcast/{each}/") for each in sent.ids]
        show(seen)
        if all(each["status"] in over for each in seen):
            return time.monotonic() - begun
        if lost := next((each for each in seen if each["status"] == "DRAFT" and
                         each["status_reason"]), None):  # fmt: skip
            raise TookTooLong(f"{lost['name']} was not sent: {lost['status_reason']}")
        _mind(deadline, "The sending")


def messages_of(client: Client, sent: Sent) -> Mapping[str, Sequence[dict[str, Any]]]:
    return {each: list(client.pages("/broadcast/messages/", broadcast=each)) for each in sent.ids}


def wait_for_receipts(
    client: Client, sandbox: Client, demo: DemoTenant, sent: Sent,
    show: Callable[[Sequence[Mapping[str, Any]]], None],
) -> None:  # fmt: skip
    """Until the counters are as the sandbox's books; what then still differs, `check` will say."""
    deadline = time.monotonic() + RECEIPTS_DEADLINE
    while time.monotonic() < deadline:
        seen = [client.get(f"/broadcast/{each}/") for each in sent.ids]
        show(seen)
        summary = sandbox.get("/_sandbox/summary", account=demo.whatsapp.account_id)
        ends = summary["final_status"]
        ended = {end: ends.get(end, 0) for end in ("sent", "delivered", "read")}
        ended["sent"] += ends.get("none", 0)
        if not summary["receipts"]["pending"] and ended == {
            end: seen[0]["counts"][end] for end in ended
        }:
            return
        time.sleep(LOOK)


def check(
    client: Client, sandbox: Client, demo: DemoTenant, sent: Sent
) -> tuple[Mapping[str, Sequence[dict[str, Any]]], Sequence[Comparison]]:
    messages = messages_of(client, sent)
    accounts = (demo.whatsapp.account_id, demo.telegram.account_id)
    return messages, [
        compare(messages[broadcast], accepted_by(sandbox, account=account))
        for broadcast, account in zip(sent.ids, accounts, strict=True)
    ]


def click(client: Client, sent: Sent) -> tuple[int, int]:
    """Follow some recipients' links, as they would; (recipients, clicks).

    The links are read from the database: who sent them does not know them either.
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
    """Our rows of it, which are its newest."""
    answer = client.get("/broadcast/dashboard/")
    rows = {each["id"]: each for each in answer["results"]}
    return [rows[each] for each in sent.ids]


def _mind(deadline: float, what: str) -> None:
    if time.monotonic() > deadline:
        raise TookTooLong(f"{what} did not end in time.")
    time.sleep(LOOK)
