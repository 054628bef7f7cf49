"""The application, and the server that runs it on one event loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from sandbox import control
from sandbox.exchange.answers import SANDBOX
from sandbox.options import Options
from sandbox.providers.gupshup import messages as gupshup
from sandbox.providers.meta import messages as meta
from sandbox.providers.meta import template_management as meta_templates
from sandbox.providers.meta import uploads as meta_uploads
from sandbox.providers.msg91 import messages as msg91
from sandbox.providers.rbm import messages as rbm
from sandbox.providers.telegram import messages as telegram
from sandbox.providers.twilio import messages as twilio
from sandbox.providers.vonage import messages as vonage
from sandbox.state import Sandbox

SHUTDOWN_TIMEOUT = 0.5
"""Seconds; short, because calls that are never answered must not delay the shutdown."""
KEEPALIVE_TIMEOUT = 75.0
LARGEST_REQUEST = 32 * 1024 * 1024
"""Bytes; large, because samples of videos are uploaded."""
# The first matching route answers, so uploads stand before messages: an upload's address also
# matches the route of a phone number.
PROTOCOLS = (
    gupshup,
    meta_uploads,
    meta,
    meta_templates,
    msg91,
    rbm,
    telegram,
    twilio,
    vonage,
)


def make_app(sandbox: Sandbox) -> web.Application:
    app = web.Application(client_max_size=LARGEST_REQUEST)
    app[SANDBOX] = sandbox
    # The control API is a sub-application: its middleware then costs the providers' routes nothing.
    controls = web.Application(middlewares=[control.answer_refusals])
    controls[SANDBOX] = sandbox
    controls.add_routes(control.routes())
    controls.add_routes([web.post("/templates", meta_templates.report)])
    app[gupshup.TEMPLATES] = {}
    app[meta_templates.TEMPLATES] = templates = meta_templates.Templates()
    controls[meta_templates.TEMPLATES] = templates
    app.add_subapp("/_sandbox", controls)
    app[meta_uploads.SESSIONS] = {}
    for protocol in PROTOCOLS:
        app.add_routes(protocol.routes())
    return app


@asynccontextmanager
async def serving(options: Options, *, host: str, port: int) -> AsyncIterator[tuple[Sandbox, int]]:
    """Serves during the block; yields the sandbox and its port (port 0 chooses a free one)."""
    sandbox = Sandbox(options)
    await sandbox.deliveries.start()
    runner = web.AppRunner(
        make_app(sandbox),
        access_log=None,
        shutdown_timeout=SHUTDOWN_TIMEOUT,
        keepalive_timeout=KEEPALIVE_TIMEOUT,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        yield sandbox, runner.addresses[0][1]
    finally:
        await sandbox.deliveries.stop()
        await runner.cleanup()
