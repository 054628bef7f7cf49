"""Exports of Google Contacts and Outlook are imported as they are."""

import pytest

from contacts.models import Contact
from tenants.models import Tenant
from tests.contacts.imports.taking import counts, take

GOOGLE = (
    "First Name,Middle Name,Last Name,Nickname,Notes,Labels,"
    "E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,"
    "Phone 2 - Label,Phone 2 - Value\n"
    "Anna,,Müller,,private,Friends ::: * myContacts,* Home,anna@ex.mp ::: b@ex.mp,"
    "Home,030 1234567,Mobile,0170 1234567\n"
    "Bea,,,,,* myContacts,,,Work,12,Other,+49 170 1234568\n"
    "Cem,,,,,,,cem@ex.mp,,,,\n"
)
GOOGLE_OLD = (
    "Name,Given Name,Additional Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,"
    "Phone 1 - Type,Phone 1 - Value\n"
    "Anna Müller,Anna,,Müller,* myContacts ::: VIP,*,anna@ex.mp,Mobil,0170 1234567 ::: 0171 1\n"
)
OUTLOOK = {
    "English": (
        "Title,First Name,Middle Name,Last Name,Company,Business Phone,Home Phone,Mobile Phone,"
        "Categories,E-mail Address,E-mail Type\n"
        "Dr.,Anna,,Müller,Shop,030 1234567,,0170 1234567,VIP;Berlin,anna@ex.mp,SMTP\n"
    ),
    "German": (
        "Anrede;Vorname;Weitere Vornamen;Nachname;Firma;Telefon geschäftlich;Telefon (privat);"
        "Mobiltelefon;Kategorien;E-Mail-Adresse;E-Mail-Typ\n"
        "Frau;Anna;;Müller;Shop;030 1234567;;0170 1234567;VIP;anna@ex.mp;SMTP\n"
    ),
    "French": (
        "Titre,Prénom,Deuxième prénom,Nom,Société,Téléphone (bureau),Téléphone (domicile),"
        "Tél. mobile,Catégories,Adresse de messagerie\n"
        ",Anna,,Müller,,,,0170 1234567,VIP,anna@ex.mp\n"
    ),
}


def test_googles_export(tenant: Tenant) -> None:
    job = take(tenant, GOOGLE)
    assert counts(job) == (2, 0, 0, 1)
    anna = Contact.objects.get(first_name="Anna")
    assert (anna.last_name, anna.phone, anna.email) == ("Müller", "+491701234567", "anna@ex.mp")
    assert [tag.name for tag in anna.tags.all()] == ["Friends"]
    assert anna.attributes == {}
    assert Contact.objects.get(first_name="Bea").phone == "+491701234568"
    assert job.errors.get().line == 4


def test_googles_older_export(tenant: Tenant) -> None:
    assert counts(take(tenant, GOOGLE_OLD)) == (1, 0, 0, 0)
    anna = Contact.objects.get()
    assert (anna.first_name, anna.last_name, anna.phone) == ("Anna", "Müller", "+491701234567")


@pytest.mark.parametrize("language", OUTLOOK)
def test_outlooks_export(tenant: Tenant, language: str) -> None:
    encoding = "utf-8" if language == "French" else "cp1252"
    assert counts(take(tenant, OUTLOOK[language].encode(encoding))) == (1, 0, 0, 0)
    anna = Contact.objects.get()
    assert (anna.first_name, anna.last_name, anna.phone) == ("Anna", "Müller", "+491701234567")
    assert anna.email == "anna@ex.mp"
    assert "VIP" in {tag.name for tag in anna.tags.all()}


def test_a_mapping_goes_first(tenant: Tenant) -> None:
    job = take(tenant, GOOGLE, mapping={"Notes": "note", "Nickname": "first_name"})
    assert counts(job) == (2, 0, 0, 1)
    assert Contact.objects.get(last_name="Müller").attributes == {"note": "private"}


def test_a_file_with_a_column_phone_is_an_ordinary_file(tenant: Tenant) -> None:
    job = take(tenant, "phone,First Name,Last Name,Mobile Phone\n0170 1234567,Anna,Müller,1\n")
    assert counts(job) == (1, 0, 0, 0)
    assert Contact.objects.get().attributes == {"Mobile Phone": "1"}
