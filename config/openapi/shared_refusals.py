"""Moves the refusals that operations have in common to `components/responses`.

Without this, two thirds of the document would be copies of the same refusals.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

REFUSAL = {"$ref": "#/components/schemas/ErrorResponse"}


def share_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook of drf-spectacular: `Error404` is the most frequent 404, and so on."""
    copies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for responses, status in _refusals(result):
        copies[status][_text(responses[status])] += 1
    shared = {status: counter.most_common(1)[0][0] for status, counter in copies.items()}
    for responses, status in list(_refusals(result)):
        if _text(responses[status]) == shared[status]:
            responses[status] = {"$ref": f"#/components/responses/Error{status}"}
    result.setdefault("components", {})["responses"] = {
        f"Error{status}": json.loads(text) for status, text in sorted(shared.items())
    }
    return result


def _refusals(result: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each operation's responses, with a status whose body is a refusal."""
    for item in result["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                bodies = response.get("content", {}).values()
                if bodies and all(body.get("schema") == REFUSAL for body in bodies):
                    yield operation["responses"], status


def _text(response: Any) -> str:
    return json.dumps(response, sort_keys=True)
