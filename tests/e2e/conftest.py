"""A browser in front of the whole stack: `make e2e`."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test.utils import setup_databases, teardown_databases
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)
from pytest_django import DjangoDbBlocker

from config.environment import DATA_DIR
from tests.e2e import pages
from tests.e2e.running_stack import RunningStack, running_stack

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""With these flags Chromium fetches only the requested pages."""
SCREENSHOTS = DATA_DIR / "e2e"
TIMEOUT = 15_000  # milliseconds; a loaded machine takes seconds for some pages


@dataclass(eq=False)
class Watched:
    """A page, its console's errors and warnings, and the origins of its requests.

    It has no slots, because Playwright stores attributes on the object of a bound handler.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    origins: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(TIMEOUT)
        self.page.on("console", self._note_complaint)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note_origin)

    def _note_complaint(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location}")

    def _note_origin(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob"):
            self.origins.add(f"{parts.scheme}://{parts.netloc}")

    def photograph(self, name: str, *, whole: bool = True) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)


@pytest.fixture(scope="session")
def front_end() -> Iterator[int]:
    """The port of a server whose pages have another origin than the API."""
    with pages.serving() as port:
        yield port


@pytest.fixture(scope="session")
def stack(
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
    front_end: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningStack]:
    """One stack for all tests, because its start takes longer than the tests.

    The fixture creates the database itself: pytest-django creates none unless a test asks for one.
    """
    with django_db_blocker.unblock():
        databases = setup_databases(verbosity=0, interactive=False)
        folder: Path = tmp_path_factory.mktemp("stack")
        with running_stack(folder, allowed_origin=f"http://localhost:{front_end}") as stack:
            yield stack
        teardown_databases(databases, verbosity=0)


@pytest.fixture(scope="session")
def browser(stack: RunningStack) -> Iterator[Browser]:
    """Depends on `stack`: Django refuses database work once Playwright's event loop runs."""
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str], Watched]]:
    """`visit(url)` opens a page in a browser context of this test's own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def open_page(url: str) -> Watched:
        watched = Watched(context.new_page())
        watched.page.goto(url)
        return watched

    yield open_page
    context.close()
