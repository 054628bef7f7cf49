"""`/docs/`: the API's description, as a reader opens it."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import Watched
from tests.e2e.running_stack import House


def test_the_docs_load_whole_and_from_us_alone(
    visit: Callable[[str], Watched], house: House
) -> None:
    docs = visit(f"{house.url}/docs/")
    expect(docs.page.get_by_role("heading", name=re.compile("Broadcast API"))).to_be_visible()
    opened = docs.page.locator("#operations-broadcast-broadcast_send")
    opened.scroll_into_view_if_needed()
    opened.get_by_role("button").first.click()
    expect(opened.get_by_text("Responses", exact=True)).to_be_visible()
    docs.photograph("docs", whole=False)
    assert docs.complaints == []
    assert docs.origins == {house.url}
