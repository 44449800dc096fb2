"""Who may ask: no web page, and nobody without the token where there is one.

A page in a browser can reach a server on loopback: by a request across sites (which shows in
`Origin` and `Sec-Fetch-Site`), or after its own name was made to point here (DNS rebinding,
which shows in `Host`).
"""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from assay.web import Place, is_loopback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refused(status: int, text: str, **headers: str) -> web.Response:
    """An error as JSON, where FastAPI (which both other servers use) has it: under `detail`."""
    return web.json_response({"detail": text}, status=status, headers=headers)


def middleware(place: Place) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        return stranger(request, place) or await handler(request)

    return guard


def stranger(request: web.Request, place: Place) -> web.Response | None:
    """Why this request is not served, or `None`."""
    host = request.headers.get("Host", "")
    if is_loopback(place.host) and not is_loopback(_name(host)):
        return refused(403, "this server answers to its loopback address only")
    origin = request.headers.get("Origin")
    across = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    if across or (origin is not None and origin not in (f"http://{host}", f"https://{host}")):
        return refused(403, "web pages of other sites may not ask this server")
    if place.token is not None and not _opens(
        request.headers.get("Authorization", ""), place.token
    ):
        return refused(401, "a token is needed", **{"WWW-Authenticate": 'Bearer realm="assay"'})
    if request.method == "POST" and request.content_type != "application/json":
        return refused(415, "the body must be application/json")
    return None


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _opens(header: str, token: str) -> bool:
    """`Bearer TOKEN`, or `Basic` with it as the password: so it can stand in a client's URL."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return False
        given = given.partition(":")[2]
    elif scheme.lower() != "bearer":
        return False
    shown, wanted = given.strip().encode("utf-8", "surrogateescape"), token.encode()
    return hmac.compare_digest(shown, wanted)
