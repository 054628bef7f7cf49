"""Python and PostgreSQL count the segments of an SMS alike, and correctly."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

from wallet.pricing.segments import is_gsm, segments_of

BASIC = GSM_BASIC_CHARSET.replace("\x1b", "")

KNOWN = [
    ("", 1),
    ("a" * 160, 1),
    ("a" * 161, 2),
    ("a" * 306, 2),
    ("a" * 307, 3),
    ("€" * 80, 1),
    ("€" * 81, 2),
    # A part holds 153 septets: an escaped character of two septets does not fit the last one.
    ("€" * 152, 2),
    ("€" * 153, 3),
    ("a" * 152 + "€" + "a" * 151, 2),
    ("a" * 152 + "€" + "a" * 152, 3),
    ("я" * 70, 1),
    ("я" * 71, 2),
    ("я" * 134, 2),
    ("я" * 135, 3),
    # One character outside the alphabet turns the whole text into UCS-2.
    ("a" * 71 + "ç", 2),
    ("a" * 71 + "Ç", 1),
    ("`" + "a" * 70, 2),
    ("😀" * 35, 1),
    ("😀" * 36, 2),
    ("😀" * 66, 2),
    ("😀" * 67, 3),
    ("я" * 66 + "😀" + "я" * 66, 3),
    ("\x1b" + "a" * 70, 2),
    ("👩‍👩‍👧‍👦" * 7, 2),
]


@pytest.mark.parametrize(("text", "segments"), KNOWN)
def test_known_texts(text: str, segments: int) -> None:
    assert segments_of(text) == segments


@pytest.mark.django_db
def test_the_database_counts_known_texts_alike() -> None:
    assert _in_database([text for text, _ in KNOWN]) == [segments for _, segments in KNOWN]


def test_the_alphabet_is_that_of_the_standard() -> None:
    """Source: 3GPP TS 23.038, 6.2.1 and 6.2.1.1."""
    assert len(BASIC) == 127
    assert all(is_gsm(character) for character in BASIC + GSM_EXT_CHARSET)
    assert not any(is_gsm(character) for character in "çÁ`âабв漢😀\t\x00\x1b")


@pytest.mark.django_db
def test_every_single_character_is_counted_alike() -> None:
    """Each character is in a text of one segment in GSM 7-bit, or of two in UCS-2."""
    every = [chr(code) for code in range(1, 0x3000)] + ["漢", "😀", "\U0010ffff", "\ue000"]
    texts = [character + "a" * 150 for character in every]
    assert _in_database(texts) == [segments_of(text) for text in texts]


MIXED = st.one_of(
    st.text(alphabet=BASIC + GSM_EXT_CHARSET, max_size=500),
    st.text(alphabet=GSM_EXT_CHARSET + "ab", min_size=150, max_size=500),
    st.text(alphabet="я😀a€", min_size=60, max_size=300),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=300),
)


@pytest.mark.django_db
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(MIXED, max_size=20))
def test_any_text_is_counted_alike(texts: list[str]) -> None:
    assert _in_database(texts) == [segments_of(text) for text in texts]


def _in_database(texts: list[str]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT wallet_sms_segments(t) FROM unnest(%s::text[]) WITH ORDINALITY AS u(t, n) "
            "ORDER BY n",
            [texts],
        )
        return [row[0] for row in cursor.fetchall()]
