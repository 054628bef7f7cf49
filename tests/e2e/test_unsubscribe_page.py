"""`/u/{code}/`: the page on which a recipient unsubscribes."""

from collections.abc import Callable

from playwright.sync_api import expect

from demo.client import Client
from demo.tenant import OWNER, PASSWORD
from tests.e2e.conftest import Watched
from tests.e2e.running_stack import RunningStack


def suppressed(stack: RunningStack) -> int:
    client = Client(stack.url)
    client.log_in(OWNER, PASSWORD)
    suppressions = client.pages("/suppressions/", platform="TELEGRAM", source="RECIPIENT")
    return sum(1 for _ in suppressions)


def test_only_the_button_unsubscribes(visit: Callable[[str], Watched], stack: RunningStack) -> None:
    before = suppressed(stack)
    page = visit(stack.unsubscribe_url)
    expect(page.page.get_by_role("heading", name="Unsubscribe?")).to_be_visible()
    page.photograph("unsubscribe")
    assert suppressed(stack) == before

    page.page.get_by_role("button", name="Unsubscribe").click()
    expect(page.page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    page.photograph("unsubscribed")
    assert suppressed(stack) == before + 1
    assert page.complaints == []
    assert page.origins == {stack.url}


def test_a_broken_link_is_reported_as_invalid(
    visit: Callable[[str], Watched], stack: RunningStack
) -> None:
    page = visit(f"{stack.url}/u/nobody/")
    expect(page.page.get_by_role("heading", name="This link is not valid")).to_be_visible()
    page.photograph("unsubscribe-invalid")
