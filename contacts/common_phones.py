"""Reads the commonest phone numbers quickly: mobiles in the plans of a single country.

The `phonenumbers` library takes 100 µs for a number, most of an import's time. Its plans are used
here directly where the answer cannot differ; every other text goes through the library.
"""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}")
SEPARATORS = str.maketrans("", "", " -()")
CODE_LENGTHS = (1, 2, 3)


class Plan(NamedTuple):
    """The parts of a country's numbering plan by which its numbers are recognised."""

    region: str
    mobile: re.Pattern[str]
    national_prefix: str
    """Digits before a national number, for example 0; "" if the country has none."""
    is_prefixed: re.Pattern[str] | None
    """Matches a national number with a prefix, which only the library can take off."""


def mobile_region(phone: str) -> str:
    """The country of an E.164 number that is certainly a mobile of it; "" says nothing."""
    if not INTERNATIONAL.fullmatch(phone):
        return ""
    for length in CODE_LENGTHS:
        plan = _plan(phone[1 : length + 1])
        if plan is not None:
            return plan.region if _is_mobile(plan, phone[length + 1 :]) else ""
    return ""


def mobile(text: str, *, country: str) -> str:
    """The E.164 form of a text that is certainly a mobile; "" says nothing."""
    compact = text.translate(SEPARATORS)
    if not compact.isascii() or (len(compact) != len(text) and "(0)" in text):
        return ""
    if compact.startswith("+"):
        return compact if mobile_region(compact) else ""
    code = _code(country)
    plan = _plan(code)
    if plan is None or not plan.national_prefix or not compact.startswith(plan.national_prefix):
        return ""
    number = compact.removeprefix(plan.national_prefix)
    return f"+{code}{number}" if _is_mobile(plan, number) else ""


def _is_mobile(plan: Plan, number: str) -> bool:
    is_prefixed = plan.is_prefixed is not None and plan.is_prefixed.match(number) is not None
    return not is_prefixed and plan.mobile.fullmatch(number) is not None


@cache
def _code(country: str) -> str:
    return str(phonenumbers.country_code_for_region(country)) if country else ""


@cache
def _plan(code: str) -> Plan | None:
    """The plan of a calling code that belongs to one country."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ()) if code else ()
    if len(regions) != 1 or not regions[0].isalpha():
        return None
    metadata = PhoneMetadata.metadata_for_region(regions[0])
    if metadata is None or metadata.mobile is None or not metadata.mobile.national_number_pattern:
        return None
    prefix = metadata.national_prefix_for_parsing
    is_plain = prefix == metadata.national_prefix
    return Plan(
        region=regions[0],
        mobile=re.compile(metadata.mobile.national_number_pattern, re.ASCII),
        national_prefix=(is_plain and metadata.national_prefix) or "",
        is_prefixed=re.compile(prefix, re.ASCII) if prefix else None,
    )
