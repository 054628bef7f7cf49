"""The steps of the demo: each step does its part through the API and shows it on the screen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from demo import story
from demo.client import Client
from demo.reconciling import Comparison, Money, add_up
from demo.showing import Screen
from demo.tenant import OWNER, TOP_UP, DemoTenant, set_up

WRONG_SHOWN = 10

Rows = Sequence[Mapping[str, Any]]
Messages = Mapping[str, Sequence[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Stage:
    """The screen, the API of the stack, the sandbox's API and the demo's tenant."""

    screen: Screen
    client: Client
    sandbox: Client
    demo: DemoTenant


@dataclass(frozen=True, slots=True)
class Clicks:
    people: int
    clicks: int


def run_all(stage: Stage, *, batch_delay: float) -> dict[str, Any]:
    """Runs all steps after the set-up; returns the figures of the run."""
    job = import_contacts(stage)
    sent, seconds = send(stage)
    clicks = follow_links(stage, sent)
    rows = read_dashboard(stage, sent)
    messages, comparisons = compare_with_sandbox(stage, sent)
    money = add_up_ledger(stage, messages, rows)
    differences = list(_differences(comparisons, money, clicks, rows))
    for difference in differences[:WRONG_SHOWN]:
        stage.screen.failed(difference)
    accepted = sum(comparison.accepted for comparison in comparisons)
    return {
        "ok": not differences,
        "sending_seconds": round(seconds, 1),
        "messages_per_second": round(accepted / seconds, 1),
        "batch_delay": batch_delay,
        "contacts": job["rows"] - job["failed"],
        "messages": sum(len(rows) for rows in messages.values()),
        "accepted": accepted,
        "differences": len(differences),
        "clicks": clicks.clicks,
        "charged": str(sum(money.charged.values(), Decimal(0))),
        "currency": stage.demo.tenant.currency,
    }


def set_up_tenant(screen: Screen, *, web_url: str, sandbox_url: str, own_servers: bool) -> Stage:
    screen.step("Set up a tenant: POST /provider-apps/, /senders/, /templates/")
    client, sandbox = Client(web_url), Client(sandbox_url)
    demo = set_up(web_url=web_url, sandbox=sandbox, own_servers=own_servers)
    screen.done(f"{demo.tenant.name} with a login and {TOP_UP} {demo.tenant.currency} more credits")
    screen.done("A WhatsApp number with approved templates, and a Telegram bot, at the sandbox;")
    screen.note("the operator sets their prices, and that they send to the sandbox")
    return Stage(screen, client, sandbox, demo)


def import_contacts(stage: Stage) -> Mapping[str, Any]:
    screen = stage.screen
    screen.step("Import the contacts: POST /contacts/imports/")
    stage.client.log_in(OWNER, stage.demo.password)
    if cancelled := story.cancel_leftovers(stage.client):
        screen.note(f"Cancelled {cancelled} broadcasts that an interrupted demo had left.")
    job = story.import_contacts(stage.client)
    existing = job["rows"] - job["created"] - job["failed"]
    screen.done(
        f"{job['rows']} rows: {job['created']} new contacts, {existing} known already, "
        f"{job['failed']} refused"
    )
    if job["first_errors"]:
        first = job["first_errors"][0]
        screen.note(f"Line {first['line']}, for example: {first['reason']}")
    return job


def send(stage: Stage) -> tuple[story.Sent, float]:
    """Sends both broadcasts; the second value is how many seconds the sending took."""
    stage.screen.step(
        "Create and send two broadcasts: POST /broadcast/, POST /broadcast/{id}/send/"
    )
    sent = story.send_both(stage.client, stage.demo)
    with stage.screen.bars() as bars:
        seconds = story.follow(stage.client, sent, bars.show)
        story.wait_for_receipts(stage.client, stage.sandbox, stage.demo, sent, bars.show)
    return sent, seconds


def follow_links(stage: Stage, sent: story.Sent) -> Clicks:
    stage.screen.step("Follow short links, as recipients do: GET /r/{code}/")
    people, clicks = story.click(stage.client, sent)
    stage.screen.done(f"{people} recipients followed {clicks} links")
    return Clicks(people, clicks)


def read_dashboard(stage: Stage, sent: story.Sent) -> Rows:
    stage.screen.step("Read the dashboard: GET /broadcast/dashboard/")
    rows = story.dashboard(stage.client, sent)
    stage.screen.dashboard(rows)
    return rows


def compare_with_sandbox(stage: Stage, sent: story.Sent) -> tuple[Messages, Sequence[Comparison]]:
    stage.screen.step("Compare every message with the sandbox's own books")
    messages, comparisons = story.check(stage.client, stage.sandbox, stage.demo, sent)
    stage.screen.comparison(("WhatsApp", "Telegram"), comparisons)
    return messages, comparisons


def add_up_ledger(stage: Stage, messages: Messages, rows: Rows) -> Money:
    stage.screen.step("Add up the ledger: GET /wallet/, GET /wallet/entries/")
    money = add_up(
        wallet=stage.client.get("/wallet/"),
        entries=stage.client.pages("/wallet/entries/"),
        messages=messages,
        costs={str(row["id"]): row["cost"] for row in rows},
    )
    stage.screen.money(money, currency=stage.demo.tenant.currency)
    return money


def _differences(
    comparisons: Sequence[Comparison], money: Money, clicks: Clicks, rows: Rows
) -> Iterator[str]:
    """A sentence for each fact on which our rows, the sandbox and the ledger differ."""
    for comparison in comparisons:
        yield from comparison.wrong
    yield from money.wrong
    clicked = sum(row["clicked"] for row in rows)
    if clicked != clicks.people:
        yield f"{clicks.people} recipients clicked; {clicked} are counted."
