"""The spellings of one telephone line: numbering plans changed, and both forms are in use."""

import re

PLANS = (
    ("1", re.compile(r"(\+52)1?(\d{10})")),
    ("9", re.compile(r"(\+54)9?(\d{10})")),
    ("9", re.compile(r"(\+55\d\d)9?([6-9]\d{7})")),
    ("01", re.compile(r"(\+229)(?:01)?(\d{8})")),
    ("01", re.compile(r"(\+225)(?:01)?(\d[0-3]\d{6})")),
    ("05", re.compile(r"(\+225)(?:05)?(\d[4-6]\d{6})")),
    ("07", re.compile(r"(\+225)(?:07)?(\d[7-9]\d{6})")),
)
"""(digits that may be missing, pattern of the two parts that they stand between): mobile numbers of
Mexico, Argentina and Brazil, all numbers of Benin, mobile numbers of Côte d'Ivoire."""


def spellings_of(address: str) -> tuple[str, ...]:
    """The address itself, then the other spellings of the same line, on whatever platform.

    Mexico dropped the 1 of its mobile numbers in 2019, Brazil put a 9 before eight digits, people
    leave out Argentina's 9, Benin put 01 before every number in 2024, and Côte d'Ivoire put 01, 05
    or 07 before mobile numbers in 2021, by the operator that the second digit names. WhatsApp keeps
    the number that an account was created with. Sources: support.gupshup.io, "inconsistencies for
    mobile numbers and their WhatsApp IDs"; support.whapi.cloud (Argentina); arcep.bj; artci.ci.
    """
    for digits, plan in PLANS:
        if match := plan.fullmatch(address):
            begin, end = match.groups()
            return tuple(dict.fromkeys((address, begin + end, begin + digits + end)))
    return (address,)


def line_sql(column: str) -> str:
    """SQL for the shortest of a column's `spellings_of`, which is the same for one line.

    It does not use PLANS: regular expressions take 7 s for a million Brazilian numbers.
    """
    return f"""
    CASE WHEN length({column}) <> 14 THEN {column}
         WHEN left({column}, 4) IN ('+521', '+549') THEN left({column}, 3) || right({column}, 10)
         WHEN left({column}, 3) = '+55' AND substr({column}, 6, 2) IN ('96', '97', '98', '99')
             THEN left({column}, 5) || right({column}, 8)
         WHEN left({column}, 6) = '+22901' THEN left({column}, 4) || right({column}, 8)
         WHEN left({column}, 4) = '+225'
              AND substr({column}, 5, 2) = (ARRAY['01', '01', '01', '01', '05', '05', '05',
                                                  '07', '07', '07'])
                                           [strpos('0123456789', substr({column}, 8, 1))]
             THEN left({column}, 4) || right({column}, 8)
         ELSE {column} END
    """
