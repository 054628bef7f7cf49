"""Where does a request come from? One answer for throttles, the lock-out, logs and metrics.

A client can put any text into X-Forwarded-For; a proxy appends the address that it sees to the end.
So only the last TRUSTED_PROXIES entries are proofs, and the first of them is the client.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
"""Headers that a proxy sets: the caller is then behind the proxy, not the connection's peer."""
IPV6_SITE = 64
"""Bits of an IPv6 address that name a site: one customer of a provider has 2⁶⁴ addresses."""


def client_address(request: HttpRequest) -> str | None:
    """The client's IP address: the entry of the outermost of TRUSTED_PROXIES, else the peer's.

    None if the connection has no address (a Unix socket) and no proxy names one.
    """
    address = _forwarded(request) or _read(request.META.get("REMOTE_ADDR", ""))
    return str(address) if address else None


def client_network(request: HttpRequest) -> str | None:
    """What counts as one client where attempts are counted: an IPv4 address, or an IPv6 /64."""
    address = client_address(request)
    if address is None or ":" not in address:
        return address
    return str(ip_network(f"{address}/{IPV6_SITE}", strict=False).network_address)


def is_forwarded(request: HttpRequest) -> bool:
    """Whether any proxy, trusted or not, says that it has passed this request on."""
    return any(request.META.get(name) for name in FORWARDED)


def _forwarded(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not settings.TRUSTED_PROXIES:
        return None
    # A request that passed fewer proxies, for example from inside the network, has fewer entries.
    return _read(entries[-min(settings.TRUSTED_PROXIES, len(entries))])


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """Reads an address; some proxies write its port too (192.0.2.1:4711, [2001:db8::1]:4711)."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A server that listens on IPv6 shows IPv4 clients as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address
