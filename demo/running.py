"""The demo from the first process to the last line."""

import argparse
import json
import os
import time
from collections.abc import Sequence
from decimal import Decimal

from config.embedded import locks
from config.embedded.errors import EmbeddedServerError
from config.environment import DATA_DIR
from config.ports import NoFreePort
from config.run import stop_on_signals
from config.stack.stack import Stack, StackError
from demo import story
from demo.client import Client, Refused
from demo.reconciling import add_up
from demo.showing import Screen
from demo.tenant import ADMIN, OWNER, TOP_UP, DemoTenant, set_up

# So that the demo takes half a minute; what is set in the environment goes before.
QUICKER = {"BROADCAST_BATCH_DELAY": "0.25", "BROADCAST_RETRY_DELAY": "2"}
# Pages of other origins that may call the API: where front ends are mostly developed.
ORIGINS = {"CORS_ALLOWED_ORIGINS": "http://localhost:3000,http://localhost:5173"}
WRONG_SHOWN = 10


def main(*, own_servers: bool) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the broadcast")
    once = parser.parse_args().once
    begun = time.monotonic()
    screen = Screen()
    stop_on_signals()
    lock = locks.open_lock(DATA_DIR / "demo.lock")
    if not locks.try_take(lock):
        screen.failed("Another demo is running on these databases.")
        return 1
    chosen = {name: os.environ.get(name) or value for name, value in (QUICKER | ORIGINS).items()}
    stack = Stack(environment=chosen, say=screen.supervisor_says)
    try:
        return _run(stack, screen, chosen, begun=begun, once=once, own_servers=own_servers)
    except KeyboardInterrupt:
        screen.console.print("\nStopped.")
        return 130 if once else 0
    except (StackError, EmbeddedServerError, NoFreePort, Refused, story.TookTooLong) as error:
        screen.console.print(f"\n{error}", style="bold red", markup=False)
        return 1
    finally:
        os.close(lock)


def _run(
    stack: Stack, screen: Screen, chosen: dict[str, str], *, begun: float, once: bool,
    own_servers: bool,
) -> int:  # fmt: skip
    screen.title(
        "One broadcast, all the way",
        "A thousand made-up contacts, two channels, a sandbox in place of Meta and Telegram.\n"
        "Everything else is real: PostgreSQL, Valkey, Celery workers, HTTP, signed webhooks.",
    )
    screen.step("Start the stack: web server, workers, beat, sandbox provider")
    with stack:
        set_up_seconds = time.monotonic() - begun
        screen.done(f"All of it answers, after {set_up_seconds:.1f} s")
        if chosen["BROADCAST_BATCH_DELAY"] == QUICKER["BROADCAST_BATCH_DELAY"]:
            screen.note(
                "Batches of 50 start every 0.25 s here; the default is 5 s (10 messages/s a "
                "broadcast)."
            )
        figures, demo = _story(stack, screen, own_servers=own_servers)
        figures = {
            "ok": figures.pop("ok"),
            "set_up_seconds": round(set_up_seconds, 1),
            "demo_seconds": round(time.monotonic() - begun - set_up_seconds, 1),
            **figures,
        }
        if not once:
            _tell(stack, screen, demo)
            print(json.dumps(figures), flush=True)
            return stack.wait()
    print(json.dumps(figures), flush=True)
    return 0 if figures["ok"] else 1


def _story(
    stack: Stack, screen: Screen, *, own_servers: bool
) -> tuple[dict[str, object], DemoTenant]:
    client, sandbox = Client(stack.web_url), Client(stack.sandbox_url)

    screen.step("Set up a tenant: POST /provider-apps/, /senders/, /templates/")
    demo = set_up(web_url=stack.web_url, sandbox=sandbox, own_servers=own_servers)
    screen.done(f"{demo.tenant.name} with a login and {TOP_UP} {demo.tenant.currency} more credits")
    screen.done("A WhatsApp number with an approved template, and a Telegram bot, at the sandbox;")
    screen.note("their prices, and that they send to the sandbox, are the operator's to say")

    screen.step("Import the contacts: POST /contacts/imports/")
    client.log_in(OWNER, demo.password)
    if left := story.cancel_leftovers(client):
        screen.note(f"Cancelled {left} broadcasts that an interrupted demo had left.")
    job = story.import_contacts(client)
    known = job["rows"] - job["created"] - job["failed"]
    screen.done(
        f"{job['rows']} rows: {job['created']} new contacts, {known} known already, "
        f"{job['failed']} refused"
    )
    if job["first_errors"]:
        first = job["first_errors"][0]
        screen.note(f"Line {first['line']}, for one: {first['reason']}")

    screen.step("Create and send two broadcasts: POST /broadcast/, POST /broadcast/{id}/send/")
    sent = story.send_both(client, demo)
    with screen.bars() as bars:
        seconds = story.follow(client, sent, bars.show)
        story.wait_for_receipts(client, sandbox, demo, sent, bars.show)

    screen.step("Follow short links, as recipients do: GET /r/{code}/")
    people, clicks = story.click(client, sent)
    screen.done(f"{people} recipients followed {clicks} links")

    screen.step("Read the dashboard: GET /broadcast/dashboard/")
    rows = story.dashboard(client, sent)
    screen.dashboard(rows)

    screen.step("Compare every message with the sandbox's own books")
    messages, compared = story.check(client, sandbox, demo, sent)
    screen.comparison(("WhatsApp", "Telegram"), compared)

    screen.step("Add up the ledger: GET /wallet/, GET /wallet/entries/")
    money = add_up(
        wallet=client.get("/wallet/"),
        entries=client.pages("/wallet/entries/"),
        messages=messages,
        costs={str(row["id"]): row["cost"] for row in rows},
    )
    screen.money(money, currency=demo.tenant.currency)
    clicked = sum(row["clicked"] for row in rows)
    wrong: Sequence[str] = [
        *(each for comparison in compared for each in comparison.wrong),
        *money.wrong,
        *([] if clicked == people else [f"{people} recipients clicked; {clicked} are counted."]),
    ]
    for each in wrong[:WRONG_SHOWN]:
        screen.failed(each)
    accepted = sum(each.accepted for each in compared)
    return {
        "ok": not wrong,
        "sending_seconds": round(seconds, 1),
        "messages_per_second": round(accepted / seconds, 1),
        "batch_delay": float(os.environ.get("BROADCAST_BATCH_DELAY") or
                             QUICKER["BROADCAST_BATCH_DELAY"]),
        "contacts": job["rows"] - job["failed"],
        "messages": sum(len(each) for each in messages.values()),
        "accepted": accepted,
        "differences": len(wrong),
        "clicks": clicks,
        "charged": str(sum(money.charged.values(), Decimal(0))),
        "currency": demo.tenant.currency,
    }, demo  # fmt: skip


def _tell(stack: Stack, screen: Screen, demo: DemoTenant) -> None:
    screen.places(
        {
            "API docs": f"{stack.web_url}/docs/",
            "  login": f"{OWNER}  {demo.password}",
            "Admin": f"{stack.web_url}/admin/",
            "  login ": f"{ADMIN}  {demo.password}",
            "Sandbox": f"{stack.sandbox_url}/_sandbox/summary",
            "Logs": str(DATA_DIR / "log"),
            "To stop": "Ctrl-C",
        }
    )
