"""How many parts an SMS takes: known lengths of both alphabets, and that nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smsutil import split

from channels.segments import segments_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        # The euro sign takes two places, and is never cut in two.
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" + "€" * 76 + "xx", 1),
        ("ё" * 70, 1),
        ("ё" * 71, 2),
        ("ё" * 134, 2),
        ("ё" * 135, 3),
        # One letter outside of the alphabet makes the whole text UCS-2.
        ("x" * 69 + "ё", 1),
        ("x" * 70 + "ё", 2),
        # An emoji takes two places: 33 in a part of 67.
        ("😀" * 35, 1),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
    ],
)
def test_known_lengths(text: str, parts: int) -> None:
    assert segments_of(text) == parts


@given(st.text(min_size=1, max_size=400))
def test_every_character_is_in_one_part(text: str) -> None:
    assert sum(len(part.content) for part in split(text).parts) == len(text)
    assert segments_of(text) == len(split(text).parts)
