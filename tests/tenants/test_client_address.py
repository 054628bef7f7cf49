import pytest
from django.test import RequestFactory
from pytest_django import Settings

from tenants.client_address import client_address, client_network

PEER = "10.0.0.2"


def addressed(forwarded: str | None, *, peer: str = PEER) -> str | None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory(headers=headers, REMOTE_ADDR=peer).get("/"))


def test_without_a_proxy_the_header_changes_nothing() -> None:
    assert addressed("203.0.113.7") == PEER


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1,junk,,203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        (2, "203.0.113.7", "203.0.113.7"),
        (1, "203.0.113.7:50123", "203.0.113.7"),
        (1, "[2001:db8::7]:50123", "2001:db8::7"),
        (1, "2001:DB8::7", "2001:db8::7"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
        (1, "unknown", PEER),
        (1, "", PEER),
        (1, None, PEER),
    ],
)
def test_the_client_is_the_nth_entry_from_the_right(
    settings: Settings, proxies: int, forwarded: str | None, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies

    assert addressed(forwarded) == expected


def test_a_unix_socket_has_no_address() -> None:
    assert addressed(None, peer="") is None


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("", None)],
)
def test_an_ipv6_client_counts_as_its_site(address: str, network: str | None) -> None:
    assert client_network(RequestFactory(REMOTE_ADDR=address).get("/")) == network
