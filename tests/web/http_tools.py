"""Requests as a client sends them, without a library that would tidy them up."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


def ask(
    url: str,
    path: str,
    body: object = None,
    method: str | None = None,
    **headers: str,
) -> Reply:
    """`body`: bytes as they are, anything else as JSON. `_` in the name of a header is `-`."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    connection = HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, int(port), timeout=60)
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if data is not None else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method or ("GET" if data is None else "POST"), path, data, sent)
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def hold(url: str, path: str, body: object) -> socket.socket:
    """A request whose answer nobody has read yet."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    sock = socket.create_connection((host, int(port)), timeout=60)
    sock.sendall(head.encode() + data)
    return sock


def health(url: str) -> Any:
    return ask(url, "/health").data


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
