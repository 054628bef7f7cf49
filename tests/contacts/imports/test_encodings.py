"""Encodings are read right or asked for, never taken for others."""

import re

import pytest

from contacts.imports.encodings import codec_of, encoding_of
from contacts.imports.refusals import EncodingUncertain, FileUnreadable

SAMPLES = {
    "de": ("cp1252", "phone,name\n+491701234567,Zoë Müller\n+491701234568,Jürgen Größe\n"),
    "de in DOS": ("cp850", "phone,name\n+491701234567,Müller\n+491701234568,Jörg Weiß\n"),
    "fr": (
        "cp1252",
        "phone;name;city\n+33612345678;Hélène;Orléans\n+33612345679;François;Besançon\n",
    ),
    "fr on Mac": ("mac_roman", "phone;name\n+33612345678;Zoé\n+33612345679;François Besançon\n"),
    "es": ("cp1252", "phone;name\n+34612345678;José Núñez\n"),
    "pl": ("cp1250", "phone;name\n+48501234567;Łukasz\n+48501234568;Małgorzata Łódź\n"),
    "cz": ("cp1250", "phone;name\n+420601234567;Jiří Dvořák\n+420601234568;Růžena Šťastná\n"),
    "hu": ("cp1250", "phone;name\n+36201234567;Győző Ödön\n+36201234568;Szűcs Ágnes\n"),
    "tr": ("cp1254", "phone;name\n+905321234567;Işıl Şahin\n+905321234568;Çağrı Öztürk\n"),
    "lt": ("cp1257", "phone;name\n+37061234567;Šarūnas Žukauskas\n+37061234568;Živilė Čepaitė\n"),
    "ru": ("cp1251", "phone;name\n+79161234567;Анна\n+79161234568;Иван Тверской\n"),
    "ru in Unix": ("koi8-r", "phone;name\n+79161234567;Анна\n+79161234568;Иван Тверской\n"),
    "ru in DOS": ("cp866", "phone;name\n+79161234567;Анна\n+79161234568;Иван Тверской\n"),
    "ua": ("cp1251", "phone;name\n+380671234567;Олександр Шевченко\n+380671234568;Їжакевич\n"),
    "gr": ("cp1253", "phone;name\n+306912345678;Γιώργος Παπαδόπουλος\n+306912345679;Ελένη\n"),
    "il": ("cp1255", "phone;name\n+972501234567;דוד כהן\n+972501234568;שרה לוי\n"),
    "eg": ("cp1256", "phone;name\n+201001234567;محمد علي\n+201001234568;فاطمة\n"),
    "th": ("cp874", "phone;name\n+66812345678;สมชาย ใจดี\n+66812345679;สมหญิง\n"),
    "jp": ("cp932", "phone,name\n+819012345678,山田太郎\n+819012345679,鈴木花子\n"),
    "cn": ("gb18030", "phone,name\n+8613812345678,王小明\n+8613812345679,李娜\n"),
    "tw": ("big5", "phone,name\n+886912345678,陳小明\n+886912345679,林美玲\n"),
    "kr": ("cp949", "phone,name\n+821012345678,김민수\n+821012345679,이영희\n"),
}
"""Texts in the encodings that Windows, DOS and Mac use in a country."""


@pytest.mark.parametrize("name", SAMPLES)
def test_international_numbers_tell_the_country(name: str) -> None:
    encoding, text = SAMPLES[name]
    content = text.encode(encoding)
    assert content.decode(codec_of(encoding_of([content]))) == text


@pytest.mark.parametrize("name", SAMPLES)
def test_without_numbers_a_text_is_right_or_asked_for(name: str) -> None:
    encoding, text = SAMPLES[name]
    text = re.sub(r"\+\d+", "1", text)
    content = text.encode(encoding)
    try:
        assert content.decode(codec_of(encoding_of([content]))) == text
    except EncodingUncertain as refusal:
        candidates = refusal.data["candidates"]
        assert any(content.decode(codec_of(one)) == text for one in candidates)


def test_the_default_country_decides_between_plausible_readings() -> None:
    content = "id;name\n1;Núñez\n".encode("cp1252")
    assert encoding_of([content], country="ES") == "windows-1252"
    assert encoding_of([content], country="PL") == "windows-1250"
    with pytest.raises(EncodingUncertain):
        encoding_of([content])


def test_an_encoding_that_is_not_plausible_is_not_taken_for_the_country() -> None:
    content = "id;name\n1;Анна Михайловна Пушкина\n2;Иван Тверской\n3;Ольга\n".encode("cp1251")
    assert encoding_of([content], country="DE") == "windows-1251"


def test_letters_may_be_cut_between_two_pieces() -> None:
    content = "id;name\n1;Zoë\n".encode()
    pieces = [content[index : index + 1] for index in range(len(content))]
    assert encoding_of(pieces) == "utf-8"
    with pytest.raises(EncodingUncertain):
        encoding_of([content, "ë".encode()[:1]])


@pytest.mark.parametrize("name", ["utf-7", "unicode_escape", "base64", "rot13", "nonsense", "\x00"])
def test_names_that_are_no_encoding_of_files(name: str) -> None:
    assert codec_of(name) == ""


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("phone;name\n+36201234567;Őrsi Győző\n", "cp1250", "windows-1250"),
        ("phone;name\n+905321234567;Ayşe İnönü\n", "cp1254", "windows-1254"),
        ("phone,name\n+819012345678,山田太郎\n", "euc-jp", "euc-jp"),
        ("phone;name\n+420601234567;Zdeněk Šťastný\n", "iso-8859-2", "iso-8859-2"),
    ],
)
def test_the_files_own_numbers_say_more_than_the_tenants_country(
    text: str, encoding: str, found: str
) -> None:
    assert encoding_of([text.encode(encoding)], country="DE") == found


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("phone;name\n+966501234567;محمد العلي\n", "iso-8859-6"),
        ("phone;name\n+380501234567;Їжак Ґанна\n", "koi8-u"),
    ],
)
def test_letters_of_another_script_than_the_numbers_are_asked_for(text: str, encoding: str) -> None:
    with pytest.raises(EncodingUncertain):
        encoding_of([text.encode(encoding)], country="DE")


def test_a_file_that_switches_character_sets_is_refused() -> None:
    with pytest.raises(FileUnreadable):
        encoding_of(["phone,name\n1,山田\n".encode("iso-2022-jp")])
