"""The Resumable Upload API: opens a session, receives the file, returns the file's handle."""

import base64
import secrets
from typing import Final

from aiohttp import web

from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.providers.meta.invalid import INVALID_PARAMETER
from sandbox.providers.meta.messages import ACCOUNT, VERSION, error, refuse_token

TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4"})
APP_ID: Final = "634974688087057"
LONGEST_LENGTH: Final = 12
"""Digits of `file_length`: Python reads no number of any length."""
SESSIONS: Final = web.AppKey("meta_uploads", dict[str, tuple[int, str]])
"""The announced length and type of each session's file, by the session's id."""


def routes() -> list[web.RouteDef]:
    return [
        web.get(f"/{VERSION}/app", app_of_token),
        web.post(f"/{VERSION}/{ACCOUNT}/uploads", begin),
        web.post(f"/{VERSION}/upload:{{session:.+}}", receive),
    ]


async def app_of_token(request: web.Request) -> web.Response:
    refused = refuse_token(request, request.app[SANDBOX], APP_ID)
    return refused or json_answer({"id": APP_ID})


async def begin(request: web.Request) -> web.Response:
    if refused := refuse_token(request, request.app[SANDBOX], request.match_info["account"]):
        return refused
    length, kind = request.query.get("file_length", ""), request.query.get("file_type", "")
    if request.match_info["account"] != APP_ID:
        return error(400, INVALID_PARAMETER, "Unsupported post request", "No such app")
    if not length.isdecimal() or len(length) > LONGEST_LENGTH or kind not in TYPES:
        return error(400, INVALID_PARAMETER, "Invalid parameter", "file_length and file_type")
    session = base64.b64encode(secrets.token_bytes(12)).decode()
    request.app[SESSIONS][session] = (int(length), kind)
    return json_answer({"id": f"upload:{session}?sig={secrets.token_urlsafe(8)}"})


async def receive(request: web.Request) -> web.Response:
    """Receives a file; the token comes in an OAuth header, the offset in `file_offset`."""
    if refused := refuse_token(request, request.app[SANDBOX], APP_ID, scheme="oauth"):
        return refused
    session = request.app[SESSIONS].get(request.match_info["session"])
    if session is None or "sig" not in request.query or request.headers.get("file_offset") != "0":
        return error(400, INVALID_PARAMETER, "Invalid parameter", "The upload session")
    length, kind = session
    if len(await request.read()) != length:
        return error(400, INVALID_PARAMETER, "Invalid parameter", "The file's length")
    del request.app[SESSIONS][request.match_info["session"]]
    return json_answer({"h": f"4::{base64.b64encode(kind.encode()).decode()}:AR{length}:e:1"})
