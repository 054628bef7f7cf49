"""No page breaks its own Content-Security-Policy: the browser's console would say so."""

from collections.abc import Callable
from urllib.parse import urljoin

from playwright.sync_api import expect

from demo.tenant import ADMIN, PASSWORD
from tests.e2e.conftest import Watched
from tests.e2e.running_stack import RunningStack

LINKS = "links => [...new Set(links.map(link => link.href))]"


def breaches(watched: Watched) -> list[str]:
    return [text for text in watched.complaints if "Content Security Policy" in text]


def links(watched: Watched, within: str) -> list[str]:
    addresses: list[str] = watched.page.eval_on_selector_all(f"{within} a[href]", LINKS)
    return [address for address in addresses if "/admin/" in address]


def test_the_pages_of_the_admin(visit: Callable[[str], Watched], stack: RunningStack) -> None:
    """Every list with its add page and its first row's page, filters and search open."""
    admin = visit(f"{stack.url}/admin/")
    admin.page.get_by_label("Email").fill(ADMIN)
    admin.page.get_by_label("Password").fill(PASSWORD)
    admin.page.get_by_role("button", name="Log in").click()
    expect(admin.page).to_have_title("Site administration | Broadcast")
    lists = [link for link in links(admin, "body") if link.rstrip("/").count("/") == 5]
    assert len(lists) > 15
    for address in lists:
        admin.page.goto(address)
        for page in links(admin, "#result_list tbody")[:1]:
            admin.page.goto(page)
            admin.page.wait_for_load_state("networkidle")
        admin.page.goto(urljoin(address, "add/"))
    admin.page.goto(f"{stack.url}/admin/password_change/")
    assert breaches(admin) == []
    assert admin.origins == {stack.url}


def test_the_docs_and_the_public_pages(
    visit: Callable[[str], Watched], stack: RunningStack
) -> None:
    for path in ("/docs/", "/admin/login/", "/r/zzzzzzzz/", "/u/zzzzzzzz/", "/no/such/page/"):
        page = visit(f"{stack.url}{path}")
        page.page.wait_for_load_state("networkidle")
        assert breaches(page) == [], path
    page = visit(stack.unsubscribe_url)
    assert breaches(page) == []
    assert page.page.evaluate("getComputedStyle(document.body).display") == "grid"  # its style


def test_a_script_that_is_injected_does_not_run(
    visit: Callable[[str], Watched], stack: RunningStack
) -> None:
    """The policy is in force, and the other tests would see a breach."""
    page = visit(f"{stack.url}/admin/login/")
    page.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.run=1\">')"
    )
    page.page.evaluate(
        "{const s = document.createElement('script'); s.text = 'window.run = 1';"
        " document.body.append(s);}"
    )
    page.page.wait_for_timeout(500)
    assert page.page.evaluate("window.run") is None
    assert breaches(page)
