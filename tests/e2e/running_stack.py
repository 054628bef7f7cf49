"""Runs the whole stack on a temporary database, with two broadcasts sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import global_settings
from django.test import override_settings

from broadcast.models import BroadcastMessage
from broadcast.states import ACCEPTED
from config.ports import free_port
from config.settings.test import REDIS_KEY_PREFIX, TEST_DATABASE_PREFIX
from config.stack import stack as stack_module
from config.stack.stack import Stack
from demo import story
from demo.client import Client
from demo.make_contacts import CSV_PATH
from demo.tenant import OWNER, PASSWORD, set_up
from tests.workers import environment
from tracking.links import encode

CONTACTS = 40
FIRST_PORT = 8600
QUICK = {"BROADCAST_BATCH_DELAY": "0.5", "BROADCAST_RETRY_DELAY": "1"}


@dataclass(frozen=True, slots=True)
class RunningStack:
    """The stack's URL, the WhatsApp broadcast's id, and a Telegram recipient's unsubscribe URL."""

    url: str
    broadcast: str
    unsubscribe_url: str


@contextmanager
def running_stack(folder: Path, *, allowed_origin: str) -> Iterator[RunningStack]:
    with pytest.MonkeyPatch.context() as patch:
        # Own log files and stack.json, so that a developer's running stack keeps its own.
        patch.setattr(stack_module, "DATA_DIR", folder)
        patch.setattr(story, "CSV_PATH", _some_contacts(folder))
        settings = {
            **environment(),
            **QUICK,
            "DJANGO_SETTINGS_MODULE": "config.settings.base",
            "REDIS_KEY_PREFIX": REDIS_KEY_PREFIX,
            "CORS_ALLOWED_ORIGINS": allowed_origin,
        }
        assert TEST_DATABASE_PREFIX in settings["DATABASE_URL"]
        web, sandbox = free_port(FIRST_PORT), free_port(FIRST_PORT + 100)
        settings["PUBLIC_URL"] = f"http://localhost:{web}"
        with Stack(web_port=web, sandbox_port=sandbox, environment=settings) as stack:
            yield _send_broadcasts(stack)


def _some_contacts(folder: Path) -> Path:
    lines = CSV_PATH.read_text(encoding="utf-8").splitlines(keepends=True)
    path = folder / CSV_PATH.name
    path.write_text("".join(lines[: CONTACTS + 1]), encoding="utf-8")
    return path


def _send_broadcasts(stack: Stack) -> RunningStack:
    """Runs the demo's steps that give the browser something to show."""
    client, sandbox = Client(stack.web_url), Client(stack.sandbox_url)
    # The stack's settings do not accept the fast password hashes of the test settings.
    with override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS):
        demo = set_up(web_url=stack.web_url, sandbox=sandbox, own_servers=True)
    client.log_in(OWNER, PASSWORD)
    story.import_contacts(client)
    sent = story.send_both(client, demo)
    story.follow(client, sent, lambda broadcasts: None)
    story.wait_for_receipts(client, sandbox, demo, sent, lambda broadcasts: None)
    reached = BroadcastMessage.objects.filter(broadcast_id=sent.telegram, status__in=ACCEPTED)
    token = reached.order_by("seq").values_list("token", flat=True)[0]
    code = encode(token=token, position=0)
    return RunningStack(stack.web_url, sent.whatsapp, f"{stack.web_url}/u/{code}/")
