"""CSV files as spreadsheets and other programs save them."""

import pytest

from contacts.models import Contact
from tenants.models import Tenant
from tests.contacts.imports.taking import FILES, counts, take


def names(tenant: Tenant) -> dict[str | None, str]:
    contacts = Contact.objects.for_tenant(tenant)
    return {contact.phone: contact.first_name for contact in contacts}


def test_a_file_with_tabs(tenant: Tenant) -> None:
    assert counts(take(tenant, (FILES / "contacts_tab.csv").read_bytes())) == (2, 0, 0, 0)
    assert names(tenant) == {"+491701234567": "Anna", "+491701234568": "Jürgen"}


def test_a_file_in_cyrillic_letters(tenant: Tenant) -> None:
    job = take(tenant, (FILES / "contacts_cp1251.csv").read_bytes())
    assert (counts(job), job.encoding) == ((2, 0, 0, 0), "windows-1251")
    assert names(tenant) == {"+79161234567": "Анна", "+79161234568": "Иван"}


def test_a_delimiter_in_quotes_is_a_part_of_the_value(tenant: Tenant) -> None:
    job = take(tenant, (FILES / "contacts_semicolon_in_header.csv").read_bytes())
    assert counts(job) == (1, 0, 0, 0)
    assert Contact.objects.get().attributes == {"note; long; text": "a; b; c"}


def test_phones_that_a_spreadsheet_changed(tenant: Tenant) -> None:
    job = take(tenant, (FILES / "contacts_excel_phones.csv").read_bytes())
    assert counts(job) == (3, 0, 0, 3)
    assert names(tenant) == {
        "+491701234567": "Without plus",
        "+491701234568": "Apostrophe",
        "+491701234569": "Zero in brackets",
    }
    reasons = dict(job.errors.values_list("line", "reason"))
    assert set(reasons) == {2, 3, 7}
    assert all(reasons[line].startswith("A spreadsheet changed this number") for line in (2, 3))


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\nphone;first_name\n+491701234567;Anna\n",
        '"sep=;"\nphone;first_name\n+491701234567;Anna\n',
        "\ufeffsep=\t\nphone\tfirst_name\n+491701234567\tAnna\n",
        "SEP=|\r\nphone|first_name\r\n+491701234567|Anna\r\n",
        "phone|first_name\n+491701234567|Anna\n",
        "Phone;First name\n+491701234567;Anna\n",
        'phone;first_name;note\n+491701234567;Anna;"a, b, c, d"\n',
        "phone,first_name\r+491701234567,Anna\r",
        'first_name;phone;text\nAnna;+491701234567;"two\nlines, three; words"\n',
        "Customers of May\nphone;first_name\n+491701234567;Anna\n",
        "Customers;;\n1.5.2026;;\n;;\nphone;first_name;city\n+491701234567;Anna;Bonn\n",
        "\ufeff\ufeffphone;first_name\n+491701234567;Anna\n",
        'phone, first_name\n+491701234567, "Anna"\n',
        f"phone;first_name{';' * 200}\n+491701234567;Anna{';' * 200}\n",
    ],
)
def test_delimiters_are_found(tenant: Tenant, content: str) -> None:
    assert counts(take(tenant, content)) == (1, 0, 0, 0)
    assert names(tenant) == {"+491701234567": "Anna"}


def test_a_mapping_helps_to_find_the_delimiter(tenant: Tenant) -> None:
    job = take(
        tenant,
        'Nummer;"Bemerkung, kurz, lang, alt";Name\n0170 1234567;"a,b,c,d";Anna\n',
        mapping={"Nummer": "phone", "Name": "first_name"},
    )
    assert counts(job) == (1, 0, 0, 0)
    assert names(tenant) == {"+491701234567": "Anna"}


def test_a_column_alone_has_no_delimiter(tenant: Tenant) -> None:
    assert counts(take(tenant, "phone\n4,91701E+11\n+491701234567\n")) == (1, 0, 0, 1)


def test_line_numbers_count_the_line_that_names_the_delimiter(tenant: Tenant) -> None:
    job = take(tenant, "sep=,\nphone\n+491701234567\nnobody\n")
    assert list(job.errors.values_list("line", flat=True)) == [4]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_unicode_text_as_excel_saves_it(tenant: Tenant, encoding: str) -> None:
    content = "phone\tfirst_name\n+491701234567\tJürgen\n".encode(encoding)
    assert counts(take(tenant, content)) == (1, 0, 0, 0)
    assert names(tenant) == {"+491701234567": "Jürgen"}


def test_a_named_encoding_is_used_and_must_be_right(tenant: Tenant) -> None:
    content = "phone;first_name\n+491701234567;Łukasz\n"
    assert counts(take(tenant, content.encode("cp1250"), encoding="windows-1250")) == (1, 0, 0, 0)
    assert names(tenant) == {"+491701234567": "Łukasz"}
    job = take(tenant, content.encode("cp1250"), encoding="utf-8")
    assert (job.status, job.failure_code) == ("FAILED", "file_unreadable")
    assert job.failure.startswith("This file is not in utf-8")


def test_an_uncertain_encoding_is_asked_for(tenant: Tenant) -> None:
    job = take(
        tenant, "external_id;first_name\na;Hélène Núñez\n".encode("cp1252"), default_country=""
    )
    assert (job.status, job.failure_code) == ("FAILED", "encoding_uncertain")
    assert "`encoding`" in job.failure
    assert "windows-1252, iso-8859-15, windows-1250" in job.failure
    assert not Contact.objects.exists()


def test_a_null_character_is_refused_by_its_line(tenant: Tenant) -> None:
    content = "phone,first_name\n+491701234567,A\x00na\n".encode("utf-16")
    assert counts(take(tenant, content)) == (0, 0, 0, 1)


def test_a_quote_that_is_never_closed_swallows_no_rows(tenant: Tenant) -> None:
    job = take(tenant, 'phone,first_name\n+491701234567,"Anna\n+491701234568,Ben\n')
    assert counts(job) == (0, 0, 0, 0)
    assert job.failure.startswith("The row that begins in line 2 is not valid CSV")


def test_quotes_after_backslashes(tenant: Tenant) -> None:
    take(tenant, 'phone,first_name\n+491701234567,"Anna \\"Nan\\", B"\n')
    assert names(tenant) == {"+491701234567": 'Anna "Nan", B'}


def test_a_row_of_data_is_never_taken_for_the_columns(tenant: Tenant) -> None:
    job = take(tenant, "Telefon;Kanal\n+491701234567;phone\n+491701234568;email\n")
    assert job.failure_code == "file_unreadable"


def test_lines_in_utf8_and_others_are_asked_for(tenant: Tenant) -> None:
    mixed = "phone;first_name\n+491701234567;Jürgen\n".encode() + b"+491701234568;J\xfcrgen\n"
    assert take(tenant, mixed).failure_code == "encoding_uncertain"


def test_latin_9_is_not_taken_for_the_code_page_of_a_mac(tenant: Tenant) -> None:
    content = "phone;first_name;n\n+33612345678;Œuvre;5 €\n".encode("iso-8859-15")
    assert take(tenant, content).failure_code == "encoding_uncertain"


def test_yes_and_no_as_excel_writes_them_elsewhere(tenant: Tenant) -> None:
    job = take(tenant, "phone;do_not_contact\n0170 1234567;WAHR\n0170 1234568;Falsch\n")
    assert counts(job) == (2, 0, 0, 0)
