"""A process of its own loads the production settings, as in a deployment."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import BASE_DIR

FIT = {
    "SECRET_KEY": "k3Jq9-" * 12,
    "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(bytes(range(32))).decode(),
    "DATABASE_URL": "postgres://broadcast:a-long-password@db.invalid:5432/broadcast",
    "REDIS_URL": "redis://redis.invalid:6379/0",
    "ALLOWED_HOSTS": "broadcast.example.com",
    "PUBLIC_URL": "https://broadcast.example.com",
    "TRUSTED_PROXIES": "1",
}
WEAK = [
    ("SECRET_KEY", "", "is missing"),
    ("SECRET_KEY", "short", "is weak"),
    ("SECRET_KEY", "a" * 64, "is weak"),
    ("SECRET_KEY", "django-insecure-" + "k3Jq9-" * 12, "is Django's example"),
    ("FIELD_ENCRYPTION_KEYS", "", "is missing"),
    ("FIELD_ENCRYPTION_KEYS", "not-a-key", "no Fernet key at place 1"),
    ("FIELD_ENCRYPTION_KEYS", f"{FIT['FIELD_ENCRYPTION_KEYS']},x", "no Fernet key at place 2"),
    ("FIELD_ENCRYPTION_KEYS", "A" * 43 + "=", "a weak key at place 1"),
    ("DATABASE_URL", "", "is missing"),
    ("DATABASE_URL", "mysql://db/broadcast", "does not begin with postgres://"),
    ("DATABASE_URL", "postgres://broadcast:secret@db/broadcast", "under 12 characters"),
    ("REDIS_URL", "", "is missing"),
    ("REDIS_URL", "http://redis", "does not begin with redis://"),
    ("ALLOWED_HOSTS", "", "is missing"),
    ("ALLOWED_HOSTS", "*", "must not be '*'"),
    ("PUBLIC_URL", "", "is missing"),
    ("PUBLIC_URL", "http://broadcast.example.com", "is not an https:// address"),
    ("TRUSTED_PROXIES", "", "is missing"),
    ("TRUSTED_PROXIES", "-1", "is not a number of proxies"),
    ("TRUSTED_PROXIES", "yes", "is not a number of proxies"),
]


def load(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name not in FIT}
    return subprocess.run(
        [sys.executable, "-c", "import config.settings.production"],
        cwd=BASE_DIR,
        env={**own, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_complete_environment_is_taken() -> None:
    assert load(FIT).returncode == 0


@pytest.mark.parametrize(("name", "value", "reason"), WEAK)
def test_a_missing_or_weak_value_is_refused_by_name(name: str, value: str, reason: str) -> None:
    loaded = load({**FIT, name: value})

    assert loaded.returncode == 1
    assert f"{name} " in loaded.stderr
    assert reason in loaded.stderr


def test_a_tls_proxy_must_be_counted() -> None:
    loaded = load({**FIT, "BEHIND_TLS_PROXY": "True", "TRUSTED_PROXIES": "0"})

    assert "TRUSTED_PROXIES is 0 although BEHIND_TLS_PROXY is set" in loaded.stderr


def test_no_refusal_shows_a_secret() -> None:
    loaded = load({**FIT, "DATABASE_URL": "postgres://broadcast:hunter2@db/broadcast"})

    assert "hunter2" not in loaded.stderr


def test_every_fault_is_named_at_once() -> None:
    loaded = load({})

    assert [name for name in FIT if f"\n{name} is missing" in loaded.stderr] == list(FIT)


def test_every_setting_read_from_the_environment_is_explained() -> None:
    listed = Path(BASE_DIR / ".env.example").read_text()
    read = {name for name in _names_read() if f"\n{name}=" not in listed}

    assert read == {"TEST_RUN"}


def _names_read() -> set[str]:
    sources = [path.read_text() for path in (BASE_DIR / "config").rglob("*.py")]
    calls = [part.split('"')[0] for text in sources for part in _after_env_calls(text)]
    return {name for name in calls if name.isupper()}


def _after_env_calls(text: str) -> list[str]:
    kinds = ("str", "list", "int", "float", "bool", "url")
    return [part for kind in kinds for part in text.split(f'env.{kind}("')[1:]]
