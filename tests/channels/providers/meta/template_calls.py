"""Calls by which Meta reports a change of a template."""

import json
from typing import Any


def call(field: str, **value: Any) -> bytes:
    entry = {"id": "55", "time": 1751247548, "changes": [{"field": field, "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
