"""`/contacts/imports/` as clients see it, with a real worker."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from contacts.imports.importing import run_import
from contacts.models import Contact, ContactImport, Suppression
from contacts.tasks import LOST_AFTER, revive_imports
from tenants.models import Tenant
from tests.factories import SuppressionFactory
from tests.workers import Worker


def upload(client: APIClient, content: bytes = b"phone\n+491701234567\n", **fields: Any) -> Any:
    file = SimpleUploadedFile("people.csv", content, content_type="text/csv")
    return client.post("/contacts/imports/", {"file": file, **fields}, format="multipart")


@pytest.mark.django_db(transaction=True)
def test_an_import_is_taken_and_worked_through(
    owner: APIClient, celery_worker_process: Callable[..., Worker]
) -> None:
    celery_worker_process(queues="planning")
    answer = upload(owner, b"Mobile\n+491701234567\nnobody\n", mapping='{"Mobile": "phone"}')
    url = f"/contacts/imports/{answer.json()['id']}/"

    assert answer.status_code == 202
    job = _when_over(owner, url)
    assert (job["rows"], job["created"], job["failed"]) == (2, 1, 1)
    assert job["first_errors"] == [
        {"line": 3, "field": "phone", "reason": "A number such as +491701234567."}
    ]


def _when_over(client: APIClient, url: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job: dict[str, Any] = client.get(url).json()
        if job["status"] in {"DONE", "FAILED"}:
            return job
        time.sleep(0.1)
    raise AssertionError("The import was not worked through in time.")


def test_the_errors_come_as_csv_with_their_rows_and_no_formula(
    owner: APIClient, tenant: Tenant
) -> None:
    job = ContactImport.objects.create(
        tenant=tenant, file_name="a.csv", content=b"phone,first_name\nnobody,=1+1\n"
    )
    run_import(import_id=job.pk, clock=timezone.now)

    answer = owner.get(f"/contacts/imports/{job.pk}/errors.csv")

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert lines[0].split(",")[:3] == ["line", "field", "reason"]
    assert sorted(lines[0].split(",")[3:]) == ["first_name", "phone"]
    assert lines[1].startswith("2,phone,A number such as +491701234567.,")
    assert "'=1+1" in lines[1].split(",")


@pytest.mark.parametrize(
    "fields",
    [
        {"default_country": "Germany"},
        {"default_country": "XX"},
        {"mapping": "nonsense"},
        {"mapping": '["a"]'},
        {"mapping": "[" * 100_000},
        {"mapping": '{"a": 1}'},
        {"mapping": '{"a": "\\u0000"}'},
        {"tags": "x" * 101},
        {"dry_run": "perhaps"},
        {"file": "no file"},
        {"content": b""},
        {"encoding": "nonsense"},
        {"encoding": "utf-7"},
        {"sheet": "x" * 101},
        {"content": b"phone\n\x00\x01\x02\n"},
    ],
)
def test_nonsense_is_refused_when_it_comes_in(owner: APIClient, fields: dict[str, Any]) -> None:
    assert upload(owner, **fields).status_code == 400
    assert not ContactImport.objects.exists()


def test_an_uncertain_encoding_is_refused_with_its_candidates(owner: APIClient) -> None:
    content = "external_id;first_name\na;Hélène Núñez\n".encode("cp1252")
    answer = upload(owner, content)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"], error["attr"]) == (
        400,
        "encoding_uncertain",
        "encoding",
    )
    assert "windows-1252" in error["data"]["candidates"]
    assert not ContactImport.objects.exists()
    answer = upload(owner, content, encoding="windows-1252")
    assert (answer.status_code, answer.json()["encoding"]) == (202, "windows-1252")


def test_a_file_that_is_too_large_is_refused_with_the_limit(
    owner: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts.api.import_views.MAX_BYTES", 10)
    answer = upload(owner)
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (413, "file")
    assert not ContactImport.objects.exists()


def test_the_progress_is_shown(owner: APIClient, tenant: Tenant) -> None:
    answer = upload(owner, b"external_id\na\nb\nc\n").json()
    assert (answer["processed"], answer["rows"], answer["progress"]) == (0, 0, None)
    jobs = ContactImport.objects.filter(pk=answer["id"])
    jobs.update(status="RUNNING", line=2, rows=3)
    running = owner.get(f"/contacts/imports/{answer['id']}/").json()
    assert (running["processed"], running["rows"], running["progress"]) == (2, 3, 66)
    jobs.update(status="PENDING", line=0)
    run_import(import_id=answer["id"], clock=timezone.now)
    done = owner.get(f"/contacts/imports/{answer['id']}/").json()
    assert (done["processed"], done["progress"], done["created"]) == (3, 100, 3)


def test_a_refused_file_says_why_by_a_code(owner: APIClient, tenant: Tenant) -> None:
    answer = upload(owner, b"first_name\nAnna\n").json()
    run_import(import_id=answer["id"], clock=timezone.now)
    failed = owner.get(f"/contacts/imports/{answer['id']}/").json()
    assert (failed["status"], failed["failure_code"]) == ("FAILED", "file_unreadable")


@pytest.mark.django_db(transaction=True)
def test_an_import_goes_on_after_its_worker_was_killed(
    owner: APIClient, celery_worker_process: Callable[..., Worker]
) -> None:
    worker = celery_worker_process(queues="planning")
    rows = 30_000
    lines = "".join(f"id{n},Anna\n" for n in range(rows))
    answer = upload(owner, f"external_id,first_name\n{lines}".encode()).json()
    url = f"/contacts/imports/{answer['id']}/"
    deadline = time.monotonic() + 60
    while not (killed := owner.get(url).json())["processed"] and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.process.kill()
    worker.process.wait()
    assert 0 < killed["processed"] < rows
    celery_worker_process(queues="planning")
    ContactImport.objects.update(worked_at=timezone.now() - LOST_AFTER * 2)
    revive_imports()
    assert _when_over(owner, url)["created"] == rows
    assert Contact.objects.count() == rows


def test_a_viewer_imports_nothing(viewer: APIClient) -> None:
    assert upload(viewer).status_code == 403
    assert not ContactImport.objects.exists()


# --- suppressions ---


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ({"address": "0170 1234567"}, "+491701234567"),
        ({"address": "+49 170 1234567", "platform": "SMS"}, "+491701234567"),
        ({"address": "+447700900123"}, "+447700900123"),
        ({"address": "-1001234567890"}, "-1001234567890"),
        ({"address": "42", "platform": "TELEGRAM"}, "42"),
        ({"address": "US.13491208655302741918"}, "US.13491208655302741918"),
        ({"address": "-100", "platform": "TELEGRAM"}, "-100"),
    ],
)
def test_a_suppression_is_stored_as_messages_are_addressed(
    owner: APIClient, tenant: Tenant, body: dict[str, str], stored: str
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(default_country="DE")

    assert owner.post("/suppressions/", body).json()["address"] == stored


@pytest.mark.parametrize(
    "body",
    [{"address": "nobody"}, {"address": "+49170", "platform": "TELEGRAM"}, {"platform": "SMS"}],
)
def test_an_address_that_cannot_be_is_refused(owner: APIClient, body: dict[str, str]) -> None:
    answer = owner.post("/suppressions/", body)

    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "address")
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("4366012345678", "ambiguous_address"),
        (" 491701234567 ", "ambiguous_address"),
        ("42", "ambiguous_address"),
        ("4.91701E+11", "phone_changed_by_spreadsheet"),
    ],
)
def test_digits_that_may_be_a_phone_ask_for_more(owner: APIClient, address: str, code: str) -> None:
    answer = owner.post("/suppressions/", {"address": address})
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["attr"], error["code"]) == (400, "address", code)
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("address", "platform"), [("us.13491208655302741918", ""), ("US.13491208655302741918", "SMS")]
)
def test_a_user_id_in_the_wrong_place_is_named(
    owner: APIClient, address: str, platform: str
) -> None:
    answer = owner.post("/suppressions/", {"address": address, "platform": platform})
    assert answer.status_code == 400
    assert "user ids" in answer.json()["errors"][0]["detail"]


def test_a_suppression_holds_for_both_spellings_and_is_lifted_for_both(owner: APIClient) -> None:
    made = owner.post("/suppressions/", {"address": "+525512345678", "platform": "SMS"})

    addresses = Suppression.objects.order_by("address").values_list("address", flat=True)
    assert list(addresses) == ["+5215512345678", "+525512345678"]
    assert owner.delete(f"/suppressions/{made.json()['id']}/").status_code == 204
    assert not Suppression.objects.exists()


def test_suppressions_are_found_by_address(owner: APIClient, tenant: Tenant) -> None:
    SuppressionFactory.create(tenant=tenant, address="42")
    SuppressionFactory.create(tenant=tenant, address="43")

    assert len(owner.get("/suppressions/?address=42").json()["results"]) == 1
    assert len(owner.get("/suppressions/?source=USER").json()["results"]) == 2
    assert owner.get("/suppressions/?source=NOBODY").status_code == 400


def test_contacts_are_found_by_their_keys(owner: APIClient) -> None:
    owner.post("/contacts/", {"phone": "+491701234567", "external_id": "a", "email": "A@b.example"})

    for query in ("external_id=a", "phone=%2B491701234567", "email=a@B.example"):
        assert len(owner.get(f"/contacts/?{query}").json()["results"]) == 1
    assert owner.get("/contacts/?external_id=b").json()["results"] == []
    owner.post("/contacts/", {"phone": "+525512345678", "whatsapp_user_id": "MX.1"})
    for query in ("phone=%2B5215512345678", "whatsapp_user_id=MX.1"):
        (found,) = owner.get(f"/contacts/?{query}").json()["results"]
        assert found["phone"] == "+525512345678"
    assert Contact.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_an_import_is_taken_without_a_broker(
    owner: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beat starts it later; an error would make the client upload the file a second time."""
    monkeypatch.setattr(current_app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    for holder, name in ((current_app, "_pool"), (current_app.amqp, "_producer_pool")):
        monkeypatch.setattr(holder, name, None)
    answer = upload(owner)
    assert answer.status_code == 202
    assert ContactImport.objects.get().status == "PENDING"
