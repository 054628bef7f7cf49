from collections.abc import Iterator

import pytest

from channels.delivery import access_tokens
from channels.http import client as http
from sandbox.running import RunningSandbox, running_sandbox
from tests.sandbox.client import ACCOUNT, Client
from tests.sandbox.receiver import Receiver, receiving


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(
        receipt_delay=0.05, slow_seconds=0.6, late_seconds=0.6, pair_interval=0.8, read_percent=100
    ) as running:
        yield running


@pytest.fixture
def client(shared_sandbox: RunningSandbox) -> Iterator[Client]:
    client = Client(shared_sandbox.base_url)
    yield client
    client.control("reset", {"webhooks": True})


@pytest.fixture(autouse=True)
def nothing_is_kept() -> Iterator[None]:
    """Closes the adapters' connections and forgets their access tokens after each test."""
    yield
    http.close()
    access_tokens._holders.cache_clear()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def webhook(client: Client, receiver: Receiver) -> Receiver:
    target = {"provider": "meta", "account": ACCOUNT, "url": receiver.url, "secret": "app-secret"}
    client.control("webhooks", target)
    return receiver
