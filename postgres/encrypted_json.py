"""A model field for secrets: a JSON object encrypted with Fernet by FIELD_ENCRYPTION_KEYS."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

if TYPE_CHECKING:
    Base = models.TextField[dict[str, str], dict[str, str]]
else:
    Base = models.TextField


class EncryptedJSONField(Base):
    """A dict of strings, stored as one Fernet token; the first key encrypts, all keys decrypt.

    Raises ImproperlyConfigured if no key decrypts a row: a copy of the database without its keys
    must not work silently with empty credentials.
    """

    description = "Encrypted JSON object"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", dict)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> str:
        return _cipher().encrypt(json.dumps(value or {}).encode()).decode()

    def from_db_value(self, value: str | None, *_: Any) -> dict[str, str]:
        if not value:
            return {}
        try:
            opened: dict[str, str] = json.loads(_cipher().decrypt(value.encode()))
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "No key in FIELD_ENCRYPTION_KEYS opens the stored credentials."
            ) from error
        return opened

    def to_python(self, value: Any) -> dict[str, str]:
        return value if isinstance(value, dict) else {}

    def value_to_string(self, obj: models.Model) -> str:
        """Dumps (manage.py dumpdata) keep the ciphertext."""
        return self.get_prep_value(self.value_from_object(obj))


@lru_cache(maxsize=1)
def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])
