"""Two broadcasts from the CSV file to the ledger: REST, workers, beat, webhooks, links."""

import csv
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from demo import story
from demo.client import Client
from demo.make_contacts import CSV_PATH
from demo.reconciling import add_up
from demo.tenant import OWNER, PASSWORD, set_up
from sandbox.running import RunningSandbox

ROWS = 130
"""The first of the demo's contacts: three batches, with every misbehaving recipient."""


@pytest.fixture
def some_contacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = CSV_PATH.read_text(encoding="utf-8").splitlines(keepends=True)[: ROWS + 1]
    path = tmp_path / "contacts.csv"
    path.write_text("".join(lines), encoding="utf-8")
    monkeypatch.setattr(story, "CSV_PATH", path)
    assert len(list(csv.DictReader(lines))) == ROWS


@pytest.mark.django_db(transaction=True)
def test_two_broadcasts_end_as_the_sandbox_says_and_the_ledger_adds_up(
    stack: LiveServer, sandbox: RunningSandbox, some_contacts: None
) -> None:
    client, far_end = Client(stack.url), Client(sandbox.base_url)
    demo = set_up(web_url=stack.url, sandbox=far_end, own_servers=True)
    client.log_in(OWNER, PASSWORD)
    job = story.import_contacts(client)
    assert (job["created"], job["failed"]) == (129, 1)  # one row repeats another's phone

    sent = story.send_both(client, demo)
    story.follow(client, sent, lambda seen: None)
    story.wait_for_receipts(client, far_end, demo, sent, lambda seen: None)
    people, clicks = story.click(client, sent)

    messages, comparisons = story.check(client, far_end, demo, sent)
    assert [comparison.wrong for comparison in comparisons] == [[], []]
    whatsapp, telegram = comparisons
    assert whatsapp.ours["READ"] > 0 < whatsapp.ours["DELIVERED"]
    assert telegram.ours["SENT"] == telegram.accepted > 0
    rows = story.dashboard(client, sent)
    assert sum(row["clicked"] for row in rows) == people < clicks
    money = add_up(
        wallet=client.get("/wallet/"),
        entries=client.pages("/wallet/entries/"),
        messages=messages,
        costs={row["id"]: row["cost"] for row in rows},
    )
    assert money.wrong == []
    assert money.held == 0 < sum(money.charged.values())
