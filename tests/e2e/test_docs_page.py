"""`/docs/`: the API's documentation in a browser."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import Watched
from tests.e2e.running_stack import RunningStack


def test_the_docs_load_completely_and_from_our_origin_alone(
    visit: Callable[[str], Watched], stack: RunningStack
) -> None:
    docs = visit(f"{stack.url}/docs/")
    expect(docs.page.get_by_role("heading", name=re.compile("Broadcast API"))).to_be_visible()
    operation = docs.page.locator("#operations-broadcast-broadcast_send")
    operation.scroll_into_view_if_needed()
    operation.get_by_role("button").first.click()
    expect(operation.get_by_text("Responses", exact=True)).to_be_visible()
    docs.photograph("docs", whole=False)
    assert docs.complaints == []
    assert docs.origins == {stack.url}
