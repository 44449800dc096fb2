"""Requests to a sandbox elsewhere: what can pass is tried again, and no secret is ever shown."""

import asyncio
import base64
import os
import random
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote, urlsplit

import aiohttp

from assay.errors import NoSandbox, SandboxError, UsageError

T = TypeVar("T")

ATTEMPTS = 6
FIRST_WAIT, LONGEST_WAIT = 0.25, 8.0
"""Seconds; the wait doubles, less a random part of up to a half."""
CONNECT_SECONDS = 10.0
LARGEST_ANSWER = 256 << 20
_PASSING = frozenset({429, 502, 503})


class Passing(SandboxError):
    """Worth another try, after `wait` seconds where the server said so."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class Client:
    """One server. Its URL is without user and password, which go into a header only."""

    def __init__(self, url: str, token: str | None) -> None:
        """Raises `UsageError` for what is no URL of a server."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise UsageError("--remote: that is no URL (want http://HOST:PORT)") from None
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
            raise UsageError("--remote: that is no URL of a server (want http://HOST:PORT)")
        place = f"[{host}]" if ":" in host else host
        self.url = f"{parts.scheme}://{place}" + (f":{port}" if port else "")
        self._base = self.url + parts.path.rstrip("/").removesuffix("/run_code")
        self._headers = {"Content-Type": "application/json"}
        token = token or os.environ.get("ASSAY_TOKEN")
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif parts.username or parts.password:
            pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def retried(
        self, path: str, body: bytes, seconds: float, read: Callable[[bytes], T]
    ) -> T:
        """Posts until there is an answer that `read` accepts.

        Raises `SandboxError` after `ATTEMPTS`, `UsageError` where the server refuses the request.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                status, answer = await self.ask("POST", path, body, seconds)
                if status == 200:
                    return _read(read, answer)
                self._refused(status, answer)
            except Passing as error:
                if attempt >= ATTEMPTS:
                    raise SandboxError(f"{self.url}: {error}") from None
                pause = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))
                await asyncio.sleep(max(error.wait, pause * random.uniform(0.5, 1.0)))

    async def ask(
        self, method: str, path: str, body: bytes | None, seconds: float
    ) -> tuple[int, bytes]:
        """Status and body; the one place where aiohttp's exceptions are translated.

        Raises `Passing`, or `SandboxError` for a request that took too long.
        """
        timeout = aiohttp.ClientTimeout(total=seconds, connect=CONNECT_SECONDS)
        try:
            async with self._open().request(
                method, self._base + path, data=body, timeout=timeout, allow_redirects=False
            ) as response:
                answer = await _read_all(response)
                if response.status in _PASSING:
                    wait = _seconds(response.headers.get("Retry-After"))
                    raise Passing(f"answered {response.status}: {_told(answer)}", wait)
                return response.status, answer
        except aiohttp.ClientConnectorError as error:
            raise Passing(f"no connection ({_reason(error)})") from None
        except aiohttp.ConnectionTimeoutError:
            raise Passing("no connection in time") from None
        except TimeoutError:
            raise SandboxError(f"{self.url}: no answer within {seconds:g} s") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise Passing(f"the answer broke off ({_reason(error)})") from None

    def _refused(self, status: int, answer: bytes) -> NoReturn:
        text = f"{self.url} answered {status}: {_told(answer)}"
        if status in (401, 403):
            raise NoSandbox(f"{text}. Is the token right (--token, ASSAY_TOKEN)?")
        if status in (400, 422):
            raise UsageError(text)
        raise SandboxError(text)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A keep-alive shorter than the server's, so that it never closes under a request.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=4)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers)
        return self._session


def _read(read: Callable[[bytes], T], answer: bytes) -> T:
    try:
        return read(answer)
    except SandboxError as error:
        raise Passing(str(error)) from None


async def _read_all(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            response.close()
            raise SandboxError(f"an answer of more than {LARGEST_ANSWER >> 20} MiB")
    return bytes(body)


def _told(answer: bytes) -> str:
    return " ".join(answer[:400].decode("utf-8", "replace").split()) or "nothing"


def _reason(error: BaseException) -> str:
    """Of an `OSError` what the system says; never the address, which may hold a password."""
    system: Any = getattr(error, "os_error", error)
    return getattr(system, "strerror", None) or type(error).__name__


def _seconds(value: str | None) -> float:
    """A short wait that the server asked for."""
    return min(30.0, float(value)) if value and value.isdigit() else 0.0
