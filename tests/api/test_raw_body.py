"""A webhook call's body is read whole, up to its limit, also if it is chunked."""

from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory

from api.raw_body import BodyTooLarge, UnreadableBody, read_body

LIMIT = 4_000_000


class Broken(BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError("the connection was reset")


@pytest.mark.parametrize("length", ["", "0"])
def test_a_call_without_a_length_is_empty(length: str) -> None:
    request = RequestFactory().post("/", b"", content_type="text/plain", CONTENT_LENGTH=length)
    assert read_body(request, limit=LIMIT) == b""


@pytest.mark.parametrize("size", [0, 17, LIMIT])
def test_a_body_up_to_the_limit_is_read(size: int) -> None:
    request = RequestFactory().post("/", b"x" * size, content_type="text/plain")
    assert read_body(request, limit=LIMIT) == b"x" * size


@pytest.mark.parametrize("length", [str(LIMIT + 1), "9" * 19, "many", "-1", "²", "1.5"])
def test_a_length_that_is_no_number_or_too_large_is_refused(length: str) -> None:
    request = RequestFactory().post("/", b"{}", content_type="text/plain", CONTENT_LENGTH=length)
    with pytest.raises(BodyTooLarge):
        read_body(request, limit=LIMIT)


def chunked(body: bytes) -> dict[str, Any]:
    return {
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
    }


def test_a_chunked_body_is_read_although_it_has_no_length() -> None:
    request = RequestFactory().generic("POST", "/", **chunked(b"abc"))
    assert read_body(request, limit=3) == b"abc"


def test_a_chunked_body_beyond_the_limit_is_refused() -> None:
    request = RequestFactory().generic("POST", "/", **chunked(b"abcd"))
    with pytest.raises(BodyTooLarge):
        read_body(request, limit=3)


def test_a_chunked_body_that_breaks_off_is_unreadable() -> None:
    request = RequestFactory().generic("POST", "/", **chunked(b"") | {"wsgi.input": Broken()})
    with pytest.raises(UnreadableBody):
        read_body(request, limit=3)
