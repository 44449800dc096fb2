"""The server itself: routes, errors, start and end."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from pydantic import ValidationError

from assay import __version__
from assay.errors import SandboxError, UsageError
from assay.sandbox import Sandbox
from assay.sandbox.transfer import complaint
from assay.web import Caps, Place, fusion, guard, instruct, own
from assay.web.gate import Full, Gate
from assay.web.reading import Bad

Endpoint = Callable[[web.Request, Gate], Awaitable[web.Response]]

POSTS: dict[str, Endpoint] = {
    "/run": own.run,
    "/run_code": fusion.run_code,
    "/test_program": instruct.test_program,
    "/test_program_stdio": instruct.test_program_stdio,
}
_log = logging.getLogger("assay.web")

RETRY_SECONDS = 1
"""What a client is told to wait when the queue is full."""
_END_SECONDS = 0.5


def application(gate: Gate, place: Place) -> web.Application:
    app = web.Application(
        middlewares=[guard.middleware(place)], client_max_size=gate.caps.body_mb << 20
    )
    mark = {"Assay-Isolation": gate.sandbox.isolation.tier}

    def route(endpoint: Endpoint) -> guard.Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await _answered(endpoint, request, gate)
            except Exception:  # a bug of ours: 500, which nobody takes for a verdict
                _log.exception("unexpected, in the answer to %s", request.path)
                raise

        return handle

    async def health(request: web.Request) -> web.StreamResponse:
        return web.json_response(own.health(gate))

    async def page(request: web.Request) -> web.StreamResponse:
        tier = gate.sandbox.isolation.tier
        return web.Response(text=own.PAGE.format(version=__version__, tier=tier))

    async def marked(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(mark | {"X-Content-Type-Options": "nosniff"})

    app.router.add_get("/", page)
    app.router.add_get("/health", health)
    for path, endpoint in POSTS.items():
        app.router.add_post(path, route(endpoint))
    app.on_response_prepare.append(marked)
    return app


async def _answered(endpoint: Endpoint, request: web.Request, gate: Gate) -> web.Response:
    """The answer, or the one error that fits; a failure of ours never looks like a verdict."""
    try:
        with gate.places(1):
            async with asyncio.timeout(gate.caps.seconds):
                return await endpoint(request, gate)
    except Full:
        text = f"{gate.caps.slots} jobs run and {gate.caps.queue} wait: come back later"
        return guard.refused(429, text, **{"Retry-After": str(RETRY_SECONDS)})
    except Bad as error:
        return guard.refused(error.status, str(error))
    except ValidationError as error:
        return guard.refused(422, complaint(error))
    except UsageError as error:
        return guard.refused(400, str(error))
    except web.HTTPRequestEntityTooLarge:
        return guard.refused(413, f"more than {gate.caps.body_mb} MB")
    except TimeoutError:
        return guard.refused(504, f"not done within {gate.caps.seconds:g} s: unmeasured")
    except SandboxError as error:
        headers = {"Retry-After": str(RETRY_SECONDS)}
        return guard.refused(503, f"the sandbox failed, unmeasured: {error}", **headers)


@asynccontextmanager
async def serving(sandbox: Sandbox, place: Place, caps: Caps) -> AsyncIterator[str]:
    """Listens; gives the URL. At the end what still runs is ended and the port is free.

    Raises `UsageError` where the address cannot be had. A client that hangs up ends its run.
    """
    # Its log quotes the headers of a malformed request, which may hold a token.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    runner = web.AppRunner(
        application(Gate(sandbox, caps), place),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_END_SECONDS,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, place.host, place.port)
        try:
            await site.start()
        except OSError as error:
            raise UsageError(
                f"cannot listen on {place.host}:{place.port}: {error.strerror}"
            ) from None
        port = runner.addresses[0][1]
        host = f"[{place.host}]" if ":" in place.host else place.host
        yield f"http://{host}:{port}"
    finally:
        with contextlib.suppress(TimeoutError):
            await runner.cleanup()
