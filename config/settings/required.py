"""Refuses a production environment in which a variable is missing or too weak."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

_MIN_KEY_LENGTH = 50  # the minimum of Django's check security.W009
_MIN_KEY_VARIETY = 5
_MIN_PASSWORD_LENGTH = 12
_COUNT = re.compile("[0-9]")


def refuse_unless_complete(environment: Mapping[str, str]) -> None:
    """Raises ImproperlyConfigured, which names each wrong variable, why, and how to make one."""
    faults = [
        f"{name} {fault} {remedy}"
        for name, (find_fault, remedy) in _REQUIRED.items()
        if (fault := find_fault(environment.get(name, "").strip()))
    ]
    if faults:
        raise ImproperlyConfigured(
            "\n".join(["The environment is not fit for production:", *faults])
        )


def _secret_key_fault(value: str) -> str:
    if not value:
        return "is missing."
    if len(value) < _MIN_KEY_LENGTH or len(set(value)) < _MIN_KEY_VARIETY:
        return f"is weak (at least {_MIN_KEY_LENGTH} random characters)."
    return "is Django's example." if value.startswith("django-insecure-") else ""


def _encryption_keys_fault(value: str) -> str:
    keys = [key.strip() for key in value.split(",") if key.strip()]
    if not keys:
        return "is missing."
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            return f"has no Fernet key at place {number}."
        if len(set(key)) < 2 * _MIN_KEY_VARIETY:
            return f"has a weak key at place {number}."
    return ""


def _server_fault(*schemes: str) -> Callable[[str], str]:
    def find_fault(value: str) -> str:
        if not value:
            return "is missing."
        return "" if urlsplit(value).scheme in schemes else f"does not begin with {schemes[0]}://."

    return find_fault


def _database_fault(value: str) -> str:
    fault = _server_fault("postgres", "postgresql")(value)
    if fault:
        return fault
    password = urlsplit(value).password
    # No password is needed for a socket's peer authentication or with a password file.
    weak = password is not None and len(password) < _MIN_PASSWORD_LENGTH
    return f"has a password of under {_MIN_PASSWORD_LENGTH} characters." if weak else ""


def _hosts_fault(value: str) -> str:
    hosts = [host.strip() for host in value.split(",") if host.strip()]
    if not hosts:
        return "is missing."
    return "must not be '*'." if "*" in hosts else ""


def _public_url_fault(value: str) -> str:
    if not value:
        return "is missing."
    parts = urlsplit(value)
    return "" if parts.scheme == "https" and parts.hostname else "is not an https:// address."


def _proxies_fault(value: str) -> str:
    if not value:
        return "is missing."
    return "" if _COUNT.fullmatch(value) else "is not a number of proxies from 0 to 9."


_REQUIRED: Mapping[str, tuple[Callable[[str], str], str]] = {
    "SECRET_KEY": (
        _secret_key_fault,
        "Make one: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
    ),
    "FIELD_ENCRYPTION_KEYS": (
        _encryption_keys_fault,
        (
            "Make one: python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'; several: comma-separated, the newest first."
        ),
    ),
    "DATABASE_URL": (
        _database_fault,
        (
            "For example postgres://broadcast:<password>@db:5432/broadcast; "
            "make a password: openssl rand -hex 24"
        ),
    ),
    "REDIS_URL": (
        _server_fault("redis", "rediss", "unix"),
        "For example redis://:<password>@redis:6379/0",
    ),
    "ALLOWED_HOSTS": (_hosts_fault, "List the host names, for example broadcast.example.com"),
    "PUBLIC_URL": (_public_url_fault, "For example https://broadcast.example.com"),
    "TRUSTED_PROXIES": (
        _proxies_fault,
        (
            "Give the number of your own proxies that append the client's address to "
            "X-Forwarded-For, 0 if clients connect directly."
        ),
    ),
}
