"""The whole stack with a broadcast in it, on a database that is thrown away."""

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
class House:
    """`broadcast` was sent over Telegram, whose receipts never come, so that it is at rest."""

    url: str
    broadcast: str
    unsubscribe_url: str


@contextmanager
def furnished(folder: Path, *, allowed_origin: str) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        # The logs and the notes of a stack that a developer has running stay hers.
        patch.setattr(stack_module, "DATA_DIR", folder)
        patch.setattr(story, "CSV_PATH", _some_contacts(folder))
        told = {
            **environment(),
            **QUICK,
            "DJANGO_SETTINGS_MODULE": "config.settings.base",
            "REDIS_KEY_PREFIX": REDIS_KEY_PREFIX,
            "CORS_ALLOWED_ORIGINS": allowed_origin,
        }
        assert TEST_DATABASE_PREFIX in told["DATABASE_URL"]
        web, sandbox = free_port(FIRST_PORT), free_port(FIRST_PORT + 100)
        told["PUBLIC_URL"] = f"http://localhost:{web}"
        with Stack(web_port=web, sandbox_port=sandbox, environment=told) as stack:
            yield _furnish(stack)


def _some_contacts(folder: Path) -> Path:
    lines = CSV_PATH.read_text(encoding="utf-8").splitlines(keepends=True)
    few = folder / CSV_PATH.name
    few.write_text("".join(lines[: CONTACTS + 1]), encoding="utf-8")
    return few


def _furnish(stack: Stack) -> House:
    """What the demo does, as far as a browser has something to look at."""
    client, sandbox = Client(stack.web_url), Client(stack.sandbox_url)
    # The tests' quick hashes are unknown to the settings that the stack runs on.
    with override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS):
        demo = set_up(web_url=stack.web_url, sandbox=sandbox, own_servers=True)
    client.log_in(OWNER, PASSWORD)
    story.import_contacts(client)
    sent = story.send_both(client, demo)
    story.follow(client, sent, lambda seen: None)
    story.wait_for_receipts(client, sandbox, demo, sent, lambda seen: None)
    reached = BroadcastMessage.objects.filter(broadcast_id=sent.telegram, status__in=ACCEPTED)
    token = reached.order_by("seq").values_list("token", flat=True)[0]
    code = encode(token=token, position=0)
    return House(stack.web_url, sent.whatsapp, f"{stack.web_url}/u/{code}/")
