"""`/u/{code}/`: a recipient's way out."""

from collections.abc import Callable

from playwright.sync_api import expect

from demo.client import Client
from demo.tenant import OWNER, PASSWORD
from tests.e2e.conftest import Watched
from tests.e2e.running_stack import House


def suppressed(house: House) -> int:
    client = Client(house.url)
    client.log_in(OWNER, PASSWORD)
    found = client.pages("/suppressions/", platform="TELEGRAM", source="RECIPIENT")
    return sum(1 for _ in found)


def test_the_button_and_nothing_before_it_unsubscribes(
    visit: Callable[[str], Watched], house: House
) -> None:
    before = suppressed(house)
    page = visit(house.unsubscribe_url)
    expect(page.page.get_by_role("heading", name="Unsubscribe?")).to_be_visible()
    page.photograph("unsubscribe")
    assert suppressed(house) == before

    page.page.get_by_role("button", name="Unsubscribe").click()
    expect(page.page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    page.photograph("unsubscribed")
    assert suppressed(house) == before + 1
    assert page.complaints == []
    assert page.origins == {house.url}


def test_a_link_that_was_cut_off_says_so(visit: Callable[[str], Watched], house: House) -> None:
    page = visit(f"{house.url}/u/nobody/")
    expect(page.page.get_by_role("heading", name="This link is not valid")).to_be_visible()
    page.photograph("unsubscribe-invalid")
