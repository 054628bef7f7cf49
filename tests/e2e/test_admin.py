"""The operators' admin, from the login to one broadcast."""

from collections.abc import Callable

from playwright.sync_api import expect

from demo.tenant import ADMIN, PASSWORD
from tests.e2e.conftest import Watched
from tests.e2e.running_stack import RunningStack


def log_in(admin: Watched) -> None:
    admin.page.get_by_label("Email").fill(ADMIN)
    admin.page.get_by_label("Password").fill(PASSWORD)
    admin.page.get_by_role("button", name="Log in").click()


def test_an_operator_finds_a_broadcast_and_its_messages(
    visit: Callable[[str], Watched], stack: RunningStack
) -> None:
    admin = visit(f"{stack.url}/admin/")
    admin.photograph("admin-login")
    log_in(admin)
    expect(admin.page).to_have_title("Site administration | Broadcast")
    admin.photograph("admin-home")

    admin.page.goto(f"{stack.url}/admin/broadcast/broadcast/")
    link = admin.page.get_by_role("link", name="Summer Sale on WhatsApp")
    expect(link).to_be_visible()
    admin.photograph("admin-broadcasts")

    link.click()
    expect(admin.page).to_have_url(
        f"{stack.url}/admin/broadcast/broadcast/{stack.broadcast}/change/"
    )
    admin.photograph("admin-broadcast")

    admin.page.get_by_role("link", name="All messages").click()
    expect(admin.page.get_by_text("DELIVERED").first).to_be_visible()
    admin.photograph("admin-messages")
    assert admin.complaints == []
    assert admin.origins == {stack.url}


def test_every_list_that_operators_read_is_drawn(
    visit: Callable[[str], Watched], stack: RunningStack
) -> None:
    admin = visit(f"{stack.url}/admin/")
    log_in(admin)
    for name in (
        "channels/sender",
        "templates_wa/whatsapptemplate",
        "wallet/wallet",
        "wallet/ledgerentry",
        "contacts/contact",
        "doctor/checkup",
    ):
        answer = admin.page.goto(f"{stack.url}/admin/{name}/")
        assert answer is not None
        assert answer.status == 200
        admin.photograph(f"admin-{name.split('/')[1]}")
    assert admin.complaints == []
