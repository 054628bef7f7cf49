"""Which webhook calls declare a body that is too large to be read."""

import pytest
from django.conf import settings
from django.test import RequestFactory

from api.raw_body import is_too_large


@pytest.mark.parametrize(
    ("length", "too_large"),
    [
        ("", False),
        ("0", False),
        ("17", False),
        (str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE), False),
        (str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1), True),
        ("9" * 19, True),
        ("many", True),
        ("-1", True),
        ("²", True),
        ("1.5", True),
    ],
)
def test_a_length_that_is_no_number_or_too_large_is_refused(length: str, too_large: bool) -> None:
    request = RequestFactory().post("/", b"{}", content_type="text/plain", CONTENT_LENGTH=length)
    assert is_too_large(request) is too_large
