"""The calls of the corpus: the files `<provider>.json`, one call per line."""

import json
from pathlib import Path
from typing import Any

from tests.inbound.webhooks.bodies import DataForm, Form, PubSub

FOLDER = Path(__file__).parent


def cases_of(provider: str) -> list[dict[str, Any]]:
    """Each with a `name`, a `body`, what must be so afterwards, and perhaps what was before."""
    cases: list[dict[str, Any]] = json.loads(
        (FOLDER / f"{provider}.json").read_text(encoding="utf-8")
    )
    for case in cases:
        case["body"] = _as_sent(provider, case["body"])
    return cases


def _as_sent(provider: str, body: Any) -> Any:
    if isinstance(body, dict) and set(body) == {"form"}:
        return DataForm(body["form"])
    if provider == "twilio":
        return Form(body)
    return PubSub(body) if provider == "google_rbm" else body
