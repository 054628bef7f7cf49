"""Cells of a download are safe in spreadsheets, and come back as they were."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.csv_download import csv_lines, with_formula, without_formula


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("@x", "'@x"),
        ("-1+2", "'-1+2"),
        ("=1+1", "'=1+1"),
        (" =1+1", " '=1+1"),
        ("a;=1+1", "a;'=1+1"),
        ("a; =1+1;+x", "a; '=1+1;'+x"),
        ("a\n=1+1", "a\n'=1+1"),
        ("a\t@x", "a\t'@x"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("a;\uff0b1\uff0d\uff20", "a;'\uff0b1\uff0d\uff20"),
        ("'=1+1", "''=1+1"),
        ("\u200b=1+1", "\u200b'=1+1"),
        ("a;\u2003\u3000=1+1", "a;\u2003\u3000'=1+1"),
        ("\ufe661+1", "'\ufe661+1"),
        ('a;"=1+1', "a;\"'=1+1"),
        ("\ta", "'\ta"),
        ("\ra", "'\ra"),
        ("+49170", "+49170"),
        ("-0.500000", "-0.500000"),
        ("a;-5;b", "a;-5;b"),
        ("a=b, c-d", "a=b, c-d"),
        (-5, "-5"),
        (Decimal("-0.1"), "-0.1"),
        (None, ""),
        (False, "False"),
    ],
)
def test_no_spreadsheet_runs_a_cell(value: object, cell: str) -> None:
    assert without_formula(value) == cell


@given(st.text(alphabet="'=+-@;\n\t 1a\uff1d\uff20,", max_size=12).filter(lambda t: t[:1] != "\t"))
def test_a_cell_gives_its_value_back(value: str) -> None:
    if value.startswith("\n"):
        return  # an import strips blanks
    assert with_formula(without_formula(value)) == value


def test_a_file_begins_with_the_byte_order_mark() -> None:
    assert list(csv_lines([("a", "b"), ("ü", "=1")])) == ["\ufeffa,b\r\n", "ü,'=1\r\n"]
