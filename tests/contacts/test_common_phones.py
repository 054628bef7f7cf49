"""The quick reading of mobiles says what the library says, or nothing."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.common_phones import mobile, mobile_region

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
DIGITS = "0123456789"


@given(st.sampled_from(REGIONS), st.text(alphabet=DIGITS, max_size=5), st.data())
def test_a_quick_reading_is_the_librarys(region: str, ending: str, data: st.DataObject) -> None:
    example = phonenumbers.example_number_for_type(
        region, phonenumbers.PhoneNumberType.MOBILE
    ) or phonenumbers.example_number(region)
    if example is None:
        return
    national = str(example.national_number)
    national = national[: max(len(national) - len(ending), 0)] + ending
    written = data.draw(
        st.sampled_from(
            [
                f"+{example.country_code}{national}",
                f"+{example.country_code} 0{national}",
                f"0{national}",
                f"8{national}",
                national,
                f"(0{national[:3]}) {national[3:]}",
            ]
        )
    )
    country = "" if written.startswith("+") else region
    phone = mobile(written, country=country)
    if phone:
        number = phonenumbers.parse(written, country or None)
        assert phone == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert phonenumbers.is_valid_number(number)
        assert mobile_region(phone) == phonenumbers.region_code_for_number(number)


@pytest.mark.parametrize("region", ["DE", "AT", "FR", "IN", "BR", "PL", "ES", "TR"])
def test_mobiles_of_common_countries_are_read_quickly(region: str) -> None:
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert number is not None
    phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert (mobile(phone, country=""), mobile_region(phone)) == (phone, region)


@pytest.mark.parametrize("text", ["+49 170 1234567.0", "+49 (0)170 1234567", "491701234567", ""])
def test_other_texts_are_left_to_the_library(text: str) -> None:
    assert mobile(text, country="DE") == ""
