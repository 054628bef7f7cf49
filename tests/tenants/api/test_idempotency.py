import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone
from rest_framework.test import APIClient

from tenants.api import idempotency
from tenants.api.idempotency import purge_expired
from tenants.models import IdempotencyRecord, Tenant, User
from tests.factories import MembershipFactory
from tests.fixtures.api import client_of

pytestmark = pytest.mark.urls("tests.api.probes")


def post(client: APIClient, email: str, key: str = "k", path: str = "/effect/", **more: Any) -> Any:
    return client.post(path, {"email": email, **more}, headers={"Idempotency-Key": key})


def made(email: str = "a@example.com") -> int:
    return User.objects.filter(email=email).count()


def test_a_repetition_gets_the_first_answer(owner: APIClient) -> None:
    first = post(owner, "a@example.com")
    second = post(owner, "a@example.com", path="/effect")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert made() == 1


def test_the_order_of_keys_makes_no_other_request(owner: APIClient) -> None:
    first = owner.generic(
        "POST",
        "/effect/",
        '{"email": "a@example.com", "x": 1}',
        "application/json",
        HTTP_IDEMPOTENCY_KEY="k",
    )
    second = owner.generic(
        "POST",
        "/effect/",
        '{"x":1,"email":"a@example.com"}',
        "application/json",
        HTTP_IDEMPOTENCY_KEY="k",
    )

    assert first.content == second.content


def test_a_key_is_for_one_body(owner: APIClient) -> None:
    post(owner, "a@example.com")

    response = post(owner, "b@example.com")

    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "idempotency_key_reused"
    assert response.json()["errors"][0]["attr"] == "Idempotency-Key"
    assert made("b@example.com") == 0


def test_keys_of_two_paths_do_not_meet(owner: APIClient) -> None:
    post(owner, "a@example.com")

    assert post(owner, "b@example.com", path="/effect2/").status_code == 201
    assert IdempotencyRecord.objects.count() == 2


def test_keys_of_two_users_do_not_meet(owner: APIClient, manager: APIClient) -> None:
    post(owner, "a@example.com")

    other = post(manager, "b@example.com")

    assert (other.status_code, "Idempotent-Replayed" in other.headers) == (201, False)


def test_a_record_from_before_the_column_of_users_still_counts(owner: APIClient) -> None:
    first = post(owner, "a@example.com")
    IdempotencyRecord.objects.update(user=None)

    assert post(owner, "a@example.com").content == first.content
    assert made() == 1


def test_keys_of_two_tenants_do_not_meet(owner: APIClient, outsider: APIClient) -> None:
    post(owner, "a@example.com")

    assert post(outsider, "b@example.com").status_code == 201


def test_a_refusal_leaves_nothing_and_frees_the_key(owner: APIClient) -> None:
    refused = post(owner, "a@example.com", refuse=True)
    assert (refused.status_code, made(), IdempotencyRecord.objects.count()) == (409, 0, 0)

    assert post(owner, "a@example.com").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"], ids=["empty", "long", "é", "tab"])
def test_a_malformed_key_is_refused(owner: APIClient, key: str) -> None:
    response = post(owner, "a@example.com", key=key)

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "Idempotency-Key"
    assert made() == 0


def test_without_a_key_nothing_is_kept(owner: APIClient) -> None:
    assert owner.post("/effect/", {"email": "a@example.com"}).status_code == 201
    assert IdempotencyRecord.objects.count() == 0


def test_records_go_after_24_hours(owner: APIClient) -> None:
    post(owner, "a@example.com")
    now = timezone.now()

    assert purge_expired(at=now + timedelta(hours=23)) == 0
    assert purge_expired(at=now + timedelta(hours=25)) == 1


@pytest.mark.django_db(transaction=True)
def test_of_concurrent_requests_one_has_an_effect_and_all_get_its_answer() -> None:
    member = MembershipFactory.create()
    start = Barrier(4)

    def request(_: int) -> tuple[int, bytes, bool]:
        try:
            start.wait(timeout=10)
            response = post(client_of(member), "a@example.com")
            return response.status_code, response.content, "Idempotent-Replayed" in response.headers
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(request, range(4)))

    assert {status for status, _, _ in answers} == {201}
    assert len({body for _, body, _ in answers}) == 1
    assert sorted(replayed for _, _, replayed in answers) == [False, True, True, True]
    assert made() == 1
    assert Tenant.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/effect/", "/provider/"])
def test_a_request_in_progress_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """`/provider/` stands for a view that calls a provider, so it holds no transaction."""
    monkeypatch.setattr(idempotency, "LONGEST_WAIT", timedelta(milliseconds=50))
    member = MembershipFactory.create()

    def request(seconds: float) -> Any:
        try:
            time.sleep(seconds)
            return post(client_of(member), "a@example.com", path=path, seconds=1)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(request, (0, 0.5))
    third = post(client_of(member), "a@example.com", path=path, seconds=1)

    assert (first.status_code, second.status_code, made()) == (201, 409, 1)
    assert second.json()["errors"][0]["code"] == "request_in_progress"
    assert second.headers["Retry-After"] == "2"
    assert (third.status_code, third.content) == (201, first.content)
    assert third.headers["Idempotent-Replayed"] == "true"


@pytest.mark.django_db(transaction=True)
def test_the_longest_wait_ends_with_the_transaction(owner: APIClient) -> None:
    """The lock's time-out must not hold for the statements of the handler."""
    for path in ("/effect/", "/provider/"):
        post(owner, "a@example.com" if path == "/effect/" else "b@example.com", path=path)
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() != ("3s",)


@pytest.mark.django_db(transaction=True)
def test_a_refused_call_of_a_provider_frees_the_key_and_the_lock(owner: APIClient) -> None:
    refused = post(owner, "a@example.com", path="/provider/", refuse=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND pid = pg_backend_pid()"
        )
        assert cursor.fetchone() == (0,)

    assert (refused.status_code, IdempotencyRecord.objects.count()) == (409, 0)


@pytest.mark.django_db(transaction=True)
def test_only_a_view_that_calls_a_provider_runs_outside_of_a_transaction(owner: APIClient) -> None:
    assert post(owner, "a@example.com").json()["atomic"] is True
    assert post(owner, "b@example.com", path="/provider/").json()["atomic"] is False
