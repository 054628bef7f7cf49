"""An import of a CSV file creates and updates contacts, and never lifts a suppression."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.attributes import MAX_ATTRIBUTES
from contacts.imports.importing import BLOCK, run_import
from contacts.models import Contact, ContactImport, Suppression, SuppressionScope
from contacts.opting.suppressions import suppress
from tenants.models import Tenant
from tests.contacts.imports.taking import counts, take
from tests.factories import ContactFactory, TenantFactory


def test_an_import_creates_updates_suppresses_and_reports(tenant: Tenant) -> None:
    ContactFactory.create(tenant=tenant, external_id="b", phone="+491701234568")
    job = take(
        tenant,
        "phone;external_id;first_name;city;do_not_contact\n"
        "0170 1234567;a;Jörg;Köln;true\n;b;Bea;;\nnonsense;c;;;\n0170 1234567;b;;;\n",
        tags=["VIP"],
    )

    assert (job.status, job.rows, counts(job)) == ("DONE", 4, (1, 1, 0, 2))
    assert job.content is None
    made = Contact.objects.get(external_id="a")
    assert (made.first_name, made.country, made.attributes) == ("Jörg", "DE", {"city": "Köln"})
    assert [tag.name for tag in made.tags.all()] == ["VIP"]
    assert Suppression.objects.get().address == "+491701234567"
    assert list(job.errors.values_list("line", "field")) == [(4, "phone"), (5, "phone")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_encodings_and_delimiters_are_found_out(
    tenant: Tenant, encoding: str, delimiter: str
) -> None:
    text = f"phone{delimiter}first_name\r\n0170 1234567{delimiter}Zoë Müller €\r\n"

    job = take(tenant, text.encode(encoding))

    assert counts(job) == (1, 0, 0, 0)
    assert Contact.objects.get().first_name == "Zoë Müller €"


def test_a_second_run_of_the_same_file_changes_nothing(tenant: Tenant) -> None:
    content = "phone,first_name,tags\n+491701234567,Ana,VIP\n"
    take(tenant, content)
    before = Contact.objects.get().updated_at

    assert counts(take(tenant, content)) == (0, 0, 1, 0)
    assert Contact.objects.get().updated_at == before


def test_an_import_never_lifts_a_suppression(tenant: Tenant) -> None:
    suppress(
        tenant_id=tenant.pk,
        platform="",
        address="+491701234567",
        scope=SuppressionScope.ALL,
        source="RECIPIENT",  # type: ignore[arg-type]  # as stored
        reason="STOP",
        now=timezone.now(),
    )

    take(tenant, "phone,do_not_contact\n+491701234567,no\n")

    assert Suppression.objects.get().source == "RECIPIENT"


def test_a_dry_run_counts_and_changes_nothing(tenant: Tenant) -> None:
    ContactFactory.create(tenant=tenant, external_id="a", first_name="Ana")
    content = "external_id,first_name,tags,do_not_contact\na,Bea,VIP,\nb,,,yes\nb,Cem,,\n,,x,\n"

    job = take(tenant, content, dry_run=True)

    assert counts(job) == (1, 2, 0, 1)
    assert Contact.objects.get().first_name == "Ana"
    assert not Suppression.objects.exists()
    assert not tenant_tags(tenant)


def tenant_tags(tenant: Tenant) -> list[str]:
    return [tag.name for contact in Contact.objects.all() for tag in contact.tags.all()]


def test_a_mapping_renames_and_leaves_out_columns(tenant: Tenant) -> None:
    content = "Mobile,Vorname,Stadt,Notiz\n0170 1234567,Ana,Köln,secret\n"

    take(tenant, content, mapping={"Mobile": "phone", "Vorname": "first_name", "Notiz": ""})

    made = Contact.objects.get()
    assert (made.phone, made.first_name) == ("+491701234567", "Ana")
    assert made.attributes == {"Stadt": "Köln"}


@pytest.mark.parametrize(
    ("content", "mapping"),
    [
        (b"", {}),
        (b"\n\n", {}),
        (b"first_name\nAna\n", {}),
        (b"phone,phone\n1,2\n", {}),
        (b"phone,Mobile\n1,2\n", {"Mobile": "phone"}),
        (b"phone\n1\n", {"Tel": "phone"}),
        (b"phone\n\x00\x01\x02\n", {}),
        (b"PK\x03\x04\x00\x00", {}),
        (b'phone\n"' + b"x" * 200_000, {}),
        (b",".join(b"c%d" % n for n in range(200)) + b"\n", {}),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_a_reason(
    tenant: Tenant, content: bytes, mapping: dict[str, str]
) -> None:
    job = take(tenant, content, mapping=mapping)

    assert (job.status, counts(job), job.content) == ("FAILED", (0, 0, 0, 0), None)
    assert job.failure


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("phone", "nonsense"),
        ("phone", "+49301234567890123"),
        ("email", "nobody"),
        ("time_zone", "Mars/Olympus"),
        ("telegram_chat_id", "12a"),
        ("telegram_chat_id", "-10000000000000000000"),
        ("telegram_chat_id", "-"),
        ("telegram_chat_id", "²"),
        ("first_name", "x" * 201),
        ("do_not_contact", "perhaps"),
        ("tags", "x" * 101),
        ("attributes", "[1]"),
        ("attributes", '"{""a"": NaN}"'),
        ("attributes", '"{""a"": [1e400]}"'),
        ("attributes", '"{""a"": ""\\u0000""}"'),
        ("attributes", '"{""a"": ' + "[" * 9 + "]" * 9 + '}"'),
        ("attributes", '"{""a"": ' + "[" * 700 + "]" * 700 + '}"'),
        ("attributes", '"{""' + "x" * 101 + '"": 1}"'),
        ("telegram_chat_id", "9007199254740992"),
        ("attributes", '"{""a"": ""\\ud800""}"'),
    ],
)
def test_a_row_with_a_wrong_value_is_refused_alone(tenant: Tenant, column: str, value: str) -> None:
    content = f"external_id,{column}\na,{value}\nb,\n"

    job = take(tenant, content)

    assert (job.status, counts(job)) == ("DONE", (1, 0, 0, 1))
    error = job.errors.get()
    assert (error.line, error.field) == (2, column)


def test_an_import_keeps_large_numbers_exactly(tenant: Tenant) -> None:
    take(tenant, 'external_id,attributes\na,"{""n"": 9007199254740993, ""m"": 7}"\n')

    assert Contact.objects.get().attributes == {"n": "9007199254740993", "m": 7}


def test_imports_together_keep_the_limit_of_attributes(tenant: Tenant) -> None:
    stored = {f"a{n}": "x" for n in range(MAX_ATTRIBUTES)}
    ContactFactory.create(tenant=tenant, external_id="a", attributes=stored)

    job = take(tenant, "external_id,first_name,more\na,Zoe,x\nb,Bea,x\n")

    assert counts(job) == (1, 0, 0, 1)
    assert (job.errors.get().line, job.errors.get().field) == (2, "attributes")
    assert Contact.objects.get(external_id="a").first_name != "Zoe"
    assert counts(take(tenant, "external_id,first_name\na,Zoe\n")) == (0, 1, 0, 0)


def test_lines_are_counted_as_an_editor_does(tenant: Tenant) -> None:
    job = take(tenant, 'phone,first_name\n0170 1234567,"two\nlines"\n\nnonsense,Ana\na,b,c\n')

    assert list(job.errors.values_list("line", flat=True)) == [5, 6]


def test_an_external_id_says_more_than_a_phone(tenant: Tenant) -> None:
    ContactFactory.create(tenant=tenant, external_id="a", phone="+491701234567")
    ContactFactory.create(tenant=tenant, external_id=None, phone="+491701234568")

    job = take(
        tenant,
        "external_id,phone\n"
        "a,+491701234569\n"  # the number changed
        "b,+491701234568\n"  # found by its number, gets its external id now
        "c,+491701234569\n",  # the number belongs to another contact
    )

    assert counts(job) == (0, 2, 0, 1)
    assert dict(Contact.objects.values_list("external_id", "phone")) == {
        "a": "+491701234569",
        "b": "+491701234568",
    }


def test_keys_may_change_hands_within_a_file(tenant: Tenant) -> None:
    ContactFactory.create(tenant=tenant, external_id="a", phone="+491701234561", first_name="")
    ContactFactory.create(tenant=tenant, external_id="b", phone="+491701234562", first_name="")

    job = take(
        tenant,
        "external_id,phone,first_name\n"
        "a,,Ana\nb,+491701234563,\na,+491701234562,\nb,+491701234561,\n",
    )

    assert counts(job) == (0, 4, 0, 0)
    assert dict(Contact.objects.values_list("external_id", "phone")) == {
        "a": "+491701234562",
        "b": "+491701234561",
    }


def test_another_tenants_contact_is_not_touched(tenant: Tenant) -> None:
    foreign = ContactFactory.create(
        tenant=TenantFactory.create(), external_id="a", phone="+491701234567", first_name="Ana"
    )

    assert counts(take(tenant, "external_id,phone,first_name\na,+491701234567,Bea\n"))[0] == 1
    foreign.refresh_from_db()
    assert foreign.first_name == "Ana"


def test_tags_of_any_script_and_case_are_one_each(tenant: Tenant) -> None:
    job = take(tenant, 'external_id,tags\na,"VIP,İstanbul"\nb,"vip,İstanbul,ΣΑΣ"\n')

    assert (job.status, counts(job)) == ("DONE", (2, 0, 0, 0))
    names = {tag for contact in Contact.objects.all() for tag in contact.tags.all()}
    assert {tag.name for tag in names} == {"VIP", "İstanbul", "ΣΑΣ"}


def test_statements_do_not_depend_on_the_rows_of_a_block(tenant: Tenant) -> None:
    costs = []
    for start, rows in ((0, 5), (100, BLOCK)):
        lines = [f"id{n},+4917{n:08d},VIP,yes" for n in range(start, start + rows)]
        content = "\n".join(["external_id,phone,tags,do_not_contact", *lines])
        with CaptureQueriesContext(connection) as statements:
            assert take(tenant, content).created == rows
        costs.append(len(statements))

    assert costs[0] >= costs[1]
    assert costs[1] <= 20


def test_a_restart_goes_on_after_the_last_block(tenant: Tenant) -> None:
    lines = "\n".join(f"id{n}" for n in range(BLOCK + 2))
    job = ContactImport.objects.create(
        tenant=tenant,
        file_name="a.csv",
        content=f"external_id\n{lines}\n".encode(),
        line=BLOCK,
        created=BLOCK,
        status="RUNNING",
    )

    run_import(import_id=job.pk, clock=timezone.now)
    run_import(import_id=job.pk, clock=timezone.now)

    job.refresh_from_db()
    assert (job.status, job.created, Contact.objects.count()) == ("DONE", BLOCK + 2, 2)


def test_an_import_records_its_start_and_its_end(tenant: Tenant) -> None:
    began = datetime(2027, 1, 1, tzinfo=UTC)
    times = (began + timedelta(seconds=seconds) for seconds in count())
    job = ContactImport.objects.create(
        tenant=tenant, file_name="a.csv", content=b"phone\n+491701234567\n"
    )
    run_import(import_id=job.pk, clock=lambda: next(times))
    job.refresh_from_db()
    assert job.started_at == began
    assert job.finished_at == began + timedelta(seconds=1)


def test_another_spelling_of_a_number_is_the_same_contact(tenant: Tenant) -> None:
    ContactFactory.create(tenant=tenant, external_id=None, phone="+5215512345678", first_name="")
    job = take(tenant, "phone,first_name\n+525512345678,Ana\n+52 1 55 1234 5678,Ana\n")
    assert counts(job) == (0, 1, 1, 0)
    assert Contact.objects.get().phone == "+5215512345678"


def test_a_user_id_finds_and_makes_contacts(tenant: Tenant) -> None:
    ContactFactory.create(
        tenant=tenant,
        external_id=None,
        phone="+491701234567",
        whatsapp_user_id="DE.1",
        first_name="",
    )
    job = take(
        tenant,
        "whatsapp_user_id,phone,first_name,do_not_contact\n"
        "DE.1,,Ana,yes\nUS.2,,Bea,\nnobody,,Cem,\nUS.2,+491701234567,Dan,\n",
    )
    assert counts(job) == (1, 1, 0, 2)
    stored = Contact.objects.values_list("whatsapp_user_id", "phone", "first_name", "country")
    assert set(stored) == {("DE.1", "+491701234567", "Ana", ""), ("US.2", None, "Bea", "US")}
    assert set(Suppression.objects.values_list("address", flat=True)) == {"DE.1", "+491701234567"}
    assert dict(job.errors.values_list("line", "field")) == {
        4: "whatsapp_user_id",
        5: "whatsapp_user_id",
    }
