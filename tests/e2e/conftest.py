"""A browser before the whole stack: `make e2e`."""

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
from tests.e2e.running_stack import House, furnished

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
"""Nothing but the pages that are asked for is fetched."""
SCREENSHOTS = DATA_DIR / "e2e"
PATIENCE = 15_000  # milliseconds, for what a loaded machine takes seconds to do


@dataclass(eq=False)
class Watched:
    """A page, what it complained about, and whom it spoke to.

    Without slots: Playwright keeps a note of each handler on the object that it is bound to.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    origins: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location}")

    def _note(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob"):
            self.origins.add(f"{parts.scheme}://{parts.netloc}")

    def photograph(self, name: str, *, whole: bool = True) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)


@pytest.fixture(scope="session")
def front_end() -> Iterator[int]:
    """The port of a page of another origin."""
    with pages.serving() as port:
        yield port


@pytest.fixture(scope="session")
def house(
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
    front_end: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """Once for all: starting it takes longer than looking at it.

    Its database is made here: pytest-django makes none where no test asks for one by itself.
    """
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        folder: Path = tmp_path_factory.mktemp("stack")
        with furnished(folder, allowed_origin=f"http://localhost:{front_end}") as house:
            yield house
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def browser(house: House) -> Iterator[Browser]:
    """After the house: Django refuses database work once Playwright's event loop runs."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str], Watched]]:
    """`visit(url)` opens a page with a memory of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def opened(url: str) -> Watched:
        watched = Watched(context.new_page())
        watched.page.goto(url)
        return watched

    yield opened
    context.close()
