"""JSON answers, and the key under which a request's application holds the sandbox."""

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from sandbox.state import Sandbox

SANDBOX: Final = web.AppKey("sandbox", Sandbox)


def json_answer(
    payload: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    return web.Response(
        body=body, status=status, headers=headers, content_type="application/json", charset="utf-8"
    )
