"""The `Location` of a tenant's URL: headers are ASCII, but URLs may be written in any script."""

from urllib.parse import SplitResult, urlsplit

import idna
from django.utils.encoding import iri_to_uri


def location_of(url: str) -> str:
    """The URL with its domain in punycode and everything else percent-encoded."""
    if url.isascii():
        return url
    try:
        parts = urlsplit(url)
        return str(iri_to_uri(parts._replace(netloc=_ascii_netloc(parts)).geturl()))
    except (ValueError, UnicodeError):
        # No domain that can be registered: browsers will say so.
        return str(iri_to_uri(url))


def _ascii_netloc(parts: SplitResult) -> str:
    host = parts.hostname or ""
    user, at, address = parts.netloc.rpartition("@")
    if host.isascii():
        return parts.netloc
    port = address[len(host) :]
    return f"{user}{at}{idna.encode(host, uts46=True).decode()}{port}"
