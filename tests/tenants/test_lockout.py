"""The lock-out after failed log-ins: by account and client, and the limits over all of each."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv6Address
from uuid import uuid4

import pytest
from axes.models import AccessAttempt, AccessLog
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tenants.lockout import ACCOUNT_FACTOR, CLIENT_FACTOR, KNOWN_FOR
from tenants.login_counts import login_counts
from tenants.models import User
from tenants.tasks import purge_logins
from tests.factories import PASSWORD, MembershipFactory, UserFactory

LIMIT = configured.AXES_FAILURE_LIMIT

Try = Callable[..., int]
"""Tries one password from one client; returns the status (the admin's redirect counts as 200)."""


def some_address() -> str:
    return str(IPv6Address(uuid4().int))


def try_api(email: str, password: str, *, client: str) -> int:
    data = {"email": email, "password": password}
    return APIClient(REMOTE_ADDR=client).post("/token/", data).status_code


def try_admin(email: str, password: str, *, client: str) -> int:
    data = {"username": email, "password": password}
    response = Client(REMOTE_ADDR=client).post("/admin/login/?next=/admin/", data)
    if response.status_code == 200:
        return 401  # the form again, with an error
    return 200 if response.status_code == 302 else response.status_code


DOORS = pytest.mark.parametrize("attempt", [try_api, try_admin])


@pytest.fixture(autouse=True)
def _no_throttle(settings: Settings, db: None) -> None:
    settings.TOKEN_THROTTLE_RATE = settings.TOKEN_ADDRESS_THROTTLE_RATE = "100000/min"


@pytest.fixture
def account() -> User:
    """A superuser who is a member too, so that both doors open to them."""
    user: User = UserFactory.create(is_staff=True, is_superuser=True)
    MembershipFactory.create(user=user)
    return user


def pass_time(delta: timedelta) -> None:
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - delta)
    AccessLog.objects.update(attempt_time=F("attempt_time") - delta)


@DOORS
def test_after_forty_wrong_passwords_the_right_one_is_refused(attempt: Try, account: User) -> None:
    client = some_address()

    statuses = [attempt(account.email, f"wrong{number}", client=client) for number in range(40)]

    assert statuses == [401] * LIMIT + [429] * (40 - LIMIT)
    assert attempt(account.email, PASSWORD, client=client) == 429


@pytest.mark.parametrize("forge", ["", "198.51.100.{}, ", "{}.example, 198.51.100.9, "])
def test_a_header_of_the_clients_own_gives_no_further_attempts(
    account: User, settings: Settings, forge: str
) -> None:
    """Behind a proxy that appends the client's address to X-Forwarded-For."""
    settings.TRUSTED_PROXIES = 1
    address = some_address()
    statuses = []
    for number in range(40):
        client = Client(
            REMOTE_ADDR="10.0.0.2", headers={"X-Forwarded-For": forge.format(number) + address}
        )
        data = {"username": account.email, "password": f"wrong{number}"}
        statuses.append(client.post("/admin/login/", data).status_code)

    assert statuses == [200] * LIMIT + [429] * (40 - LIMIT)


@DOORS
def test_the_lock_ends_although_attempts_go_on(attempt: Try, account: User) -> None:
    client = some_address()
    for _ in range(LIMIT):
        attempt(account.email, "wrong", client=client)
    pass_time(configured.AXES_COOLOFF_TIME / 2)
    assert attempt(account.email, "wrong", client=client) == 429

    pass_time(configured.AXES_COOLOFF_TIME / 2)

    assert attempt(account.email, PASSWORD, client=client) == 200


@DOORS
def test_one_door_locks_the_other(attempt: Try, account: User) -> None:
    client = some_address()
    for _ in range(LIMIT):
        attempt(account.email, "wrong", client=client)

    assert try_api(account.email, PASSWORD, client=client) == 429
    assert try_admin(account.email, PASSWORD, client=client) == 429


@DOORS
def test_another_client_and_another_account_are_not_locked(attempt: Try, account: User) -> None:
    client = some_address()
    for _ in range(LIMIT):
        attempt(account.email.upper(), "wrong", client=client)
    assert attempt(account.email, PASSWORD, client=client) == 429

    assert attempt(account.email, PASSWORD, client=some_address()) == 200
    assert attempt("someone@example.com", "wrong", client=client) == 401


@DOORS
def test_a_log_in_forgets_the_failures_of_its_client(attempt: Try, account: User) -> None:
    client = some_address()
    for _ in range(2):
        for _ in range(LIMIT - 1):
            assert attempt(account.email, "wrong", client=client) == 401
        assert attempt(account.email, PASSWORD, client=client) == 200


@DOORS
def test_many_clients_lock_an_account_but_not_its_owner(attempt: Try, account: User) -> None:
    known = some_address()
    assert attempt(account.email, PASSWORD, client=known) == 200

    for number in range(LIMIT * ACCOUNT_FACTOR):
        assert attempt(account.email, f"wrong{number}", client=some_address()) == 401

    assert attempt(account.email, PASSWORD, client=some_address()) == 429
    assert attempt(account.email, PASSWORD, client=known) == 200


def test_a_client_is_forgotten_after_a_month(account: User) -> None:
    known = some_address()
    assert try_api(account.email, PASSWORD, client=known) == 200
    pass_time(KNOWN_FOR)
    for _ in range(LIMIT * ACCOUNT_FACTOR):
        try_api(account.email, "wrong", client=some_address())

    assert try_api(account.email, PASSWORD, client=known) == 429


@DOORS
def test_one_password_on_many_accounts_locks_the_client(attempt: Try, account: User) -> None:
    client = some_address()
    for number in range(LIMIT * CLIENT_FACTOR):
        assert attempt(f"user{number}@example.com", "spring2026", client=client) == 401

    assert attempt(account.email, PASSWORD, client=client) == 429
    assert attempt(account.email, PASSWORD, client=some_address()) == 200


def test_no_answer_tells_whether_an_account_exists(account: User) -> None:
    answers = {}
    for email in (account.email, "nobody@example.com"):
        client = APIClient(REMOTE_ADDR=some_address())
        for _ in range(LIMIT + 1):
            response = client.post("/token/", {"email": email, "password": "wrong"})
        answers[email] = (response.status_code, response.json()["errors"][0]["detail"])

    assert answers[account.email] == answers["nobody@example.com"]
    assert answers[account.email][0] == 429


def test_the_apis_answer_has_a_code_and_the_time_to_wait(account: User) -> None:
    client = APIClient(REMOTE_ADDR=some_address())
    for _ in range(LIMIT + 1):
        response = client.post("/token/", {"email": account.email, "password": "wrong"})

    wait = int(response.headers["Retry-After"])
    assert 0 < wait <= configured.AXES_COOLOFF_TIME.total_seconds()
    assert response.json() == {
        "type": "client_error",
        "errors": [
            {
                "code": "too_many_failed_logins",
                "detail": "Too many failed log-ins. Try again in 15 minutes.",
                "attr": None,
                "data": {"retry_after": wait},
            }
        ],
    }


def test_the_admins_answer_is_a_page_with_the_time_to_wait(account: User) -> None:
    client = Client(REMOTE_ADDR=some_address())
    for _ in range(LIMIT + 1):
        response = client.post("/admin/login/", {"username": account.email, "password": "wrong"})

    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 900
    assert "Try again in 15 minutes." in response.content.decode()
    assert account.email not in response.content.decode()


@pytest.mark.parametrize("name", ["x" * 5000, "hunter2", "", "a\x00b@example.com", "ü@" * 200])
def test_a_strange_user_name_is_an_ordinary_failure(name: str) -> None:
    assert try_admin(name, "wrong", client=some_address()) == 401
    assert try_api(name, "wrong", client=some_address()) in {400, 401}
    assert not AccessAttempt.objects.filter(username__contains="hunter2").exists()


@pytest.mark.parametrize("address", ["", "not an address"])
def test_a_client_without_an_address_can_log_in(account: User, address: str) -> None:
    assert try_api(account.email, "wrong", client=address) == 401
    assert try_api(account.email, PASSWORD, client=address) == 200
    assert try_admin(account.email, PASSWORD, client=address) == 200


def test_old_rows_are_deleted(account: User) -> None:
    for door in (try_api, try_admin):
        door(account.email, "wrong", client=some_address())
        door(account.email, PASSWORD, client=some_address())
    purge_logins()
    assert (AccessAttempt.objects.count(), AccessLog.objects.count()) == (2, 2)
    assert Session.objects.count() == 1

    pass_time(configured.AXES_COOLOFF_TIME)
    purge_logins()
    assert (AccessAttempt.objects.count(), AccessLog.objects.count()) == (0, 2)

    pass_time(KNOWN_FOR)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    purge_logins()
    assert (AccessLog.objects.count(), Session.objects.count()) == (0, 0)


def test_rows_are_one_per_account_and_client(account: User) -> None:
    client = some_address()
    for number in range(3):
        APIClient(REMOTE_ADDR=client, HTTP_USER_AGENT=f"browser {number}").post(
            "/token/", {"email": account.email, "password": "wrong"}
        )
        try_api(account.email, PASSWORD, client="203.0.113.7")

    attempt = AccessAttempt.objects.get()
    assert (attempt.failures_since_start, attempt.post_data, attempt.user_agent) == (3, "", "")
    assert AccessLog.objects.count() == 1


def test_log_ins_are_counted(account: User) -> None:
    before = login_counts()
    client = some_address()
    try_admin(account.email, PASSWORD, client=client)
    for _ in range(LIMIT + 2):
        try_api(account.email, "wrong", client=client)

    after = login_counts()

    grown = {key: count - before.get(key, 0) for key, count in after.items()}
    assert {key: count for key, count in grown.items() if count} == {
        ("admin", "succeeded"): 1,
        ("api", "failed"): LIMIT,
        ("api", "locked_out"): 2,
    }


def test_a_failed_log_in_is_logged_without_the_e_mail(
    account: User, caplog: pytest.LogCaptureFixture
) -> None:
    try_admin(account.email, "wrong", client="203.0.113.7")

    (line,) = [str(record.msg) for record in caplog.records if "login_failed" in str(record.msg)]
    assert "203.0.113.7" in line
    assert "admin" in line
    assert account.email not in line


def test_sessions_end_within_a_working_day(account: User) -> None:
    client = Client()
    client.post("/admin/login/?next=/admin/", {"username": account.email, "password": PASSWORD})

    cookie = client.cookies[configured.SESSION_COOKIE_NAME]
    assert cookie["max-age"] == ""  # the browser forgets it when it is closed
    assert cookie["httponly"]
    remaining = Session.objects.get().expire_date - timezone.now()
    assert timedelta(hours=7) < remaining <= timedelta(hours=8)
