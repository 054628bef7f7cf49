"""Counts what was proven; the table in docs/providers.md is the summary of such a run."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from channels.http import client as http
from tests.conformance import prism

SPECS = {
    "meta_cloud": "meta_whatsapp_cloud_v23.json",
    "telegram_bot": "telegram_bot_api_10.1.json",
    "twilio": "twilio_messages_2010.json",
    "google_rbm": "google_rbm_v1.json",
}
PROVEN: Counter[tuple[str, str]] = Counter()


@pytest.fixture
def proven() -> Callable[[str, str], None]:
    """`proven("twilio", "Prism")` counts one proof; a test calls it last."""

    def count(provider: str, proof: str) -> None:
        PROVEN[provider, proof] += 1

    return count


@pytest.fixture(scope="session")
def prism_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """`prism_url("twilio")`: the URL of a Prism with this provider's spec, started once each."""
    urls: dict[str, str] = {}
    with ExitStack() as running:

        def url(provider: str) -> str:
            if provider not in urls:
                log = tmp_path_factory.mktemp("prism") / "log"
                urls[provider] = running.enter_context(prism.serving(SPECS[provider], log))
            return urls[provider]

        yield url
        http.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if PROVEN:
        terminalreporter.section("proven")
    for (provider, proof), times in sorted(PROVEN.items()):
        terminalreporter.write_line(f"{provider:14} {proof:22} {times:4}")
