"""Frames over a stream socket: a 4-byte length, then JSON; file descriptors may ride along."""

import array
import json
import os
import socket
import struct
from collections.abc import Callable
from json import encoder, scanner
from typing import Any

MAX_FRAME = 80 << 20
MAX_FDS = 8
_HEAD = struct.Struct("!I")


class Closed(Exception):
    """The other end is gone, or what it sent is no frame."""


_plain = json.JSONEncoder(separators=(",", ":"), check_circular=False)
# What `_plain.encode` makes anew for each message.
_chunks: Callable[[Any, int], tuple[str, ...]] = encoder.c_make_encoder(  # type: ignore[attr-defined]  # C's, unknown to the stubs
    None, _plain.default, encoder.encode_basestring_ascii, None, ":", ",", False, False, True
)
_scan: Callable[[str, int], tuple[Any, int]] = scanner.make_scanner(
    json.JSONDecoder()  # type: ignore[arg-type]  # the stubs want the scanner itself
)


def dumps(tree: Any) -> bytes:
    """Compact JSON. As `json.dumps`, which would build an encoder each time."""
    return "".join(_chunks(tree, 0)).encode("ascii")


def loads(data: bytes) -> Any:
    """What `dumps` wrote. Raises `ValueError`, `RecursionError`."""
    text = data.decode()
    try:
        value, end = _scan(text, 0)
    except StopIteration as error:
        raise ValueError("not JSON") from error
    if end != len(text):
        raise ValueError("more than one value")
    return value


def pack(message: Any) -> bytes:
    return frame(dumps(message))


def frame(body: bytes) -> bytes:
    return _HEAD.pack(len(body)) + body


def send_bytes(sock: socket.socket, data: bytes, fds: list[int] | None = None) -> None:
    """Sends a frame made by `pack` or `frame`. Raises `Closed`."""
    try:
        if fds:
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
            sent = sock.sendmsg([data], [rights])
            data = data[sent:]
        if data:
            sock.sendall(data)
    except (OSError, ValueError) as error:
        raise Closed(str(error)) from error


def send(sock: socket.socket, message: Any, fds: list[int] | None = None) -> None:
    send_bytes(sock, pack(message), fds)


def nothing() -> None:
    """Waits on."""


def _take(sock: socket.socket, size: int, late: Callable[[], None] = nothing) -> bytes:
    chunks: list[bytes] = []
    while size:
        try:
            chunk = sock.recv(min(size, 1 << 20))
        except BlockingIOError:
            late()
            continue
        if not chunk:
            raise Closed("end of stream")
        if len(chunk) == size and not chunks:
            return chunk
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _whole(sock: socket.socket, first: bytes, limit: int, late: Callable[[], None]) -> bytes:
    """The body of a frame of which `first` was read: mostly all, as senders wait for an answer."""
    if len(first) < 4:
        first += _take(sock, 4 - len(first), late)
    (size,) = _HEAD.unpack_from(first)
    body = first[4:]
    if size > limit or len(body) > size:
        raise Closed(f"frame of {size} bytes, or more than one")
    return body if len(body) == size else body + _take(sock, size - len(body), late)


def recv_bytes(
    sock: socket.socket, limit: int = MAX_FRAME, late: Callable[[], None] = nothing
) -> bytes:
    """The body of the next frame; `late` is called each time that SO_RCVTIMEO, if set, passes.

    Raises `Closed`.
    """
    try:
        first = b""
        while not first:
            try:
                first = sock.recv(65_536)
            except BlockingIOError:
                late()
            else:
                if not first:
                    raise Closed("end of stream")
        return _whole(sock, first, limit, late)
    except OSError as error:
        raise Closed(str(error)) from error


def recv(sock: socket.socket) -> tuple[Any, list[int]]:
    """The next message and the descriptors that came with it. Raises `Closed`."""
    try:
        first, ancillary, _, _ = sock.recvmsg(65_536, socket.CMSG_LEN(MAX_FDS * 4))
        if not first:
            raise Closed("end of stream")
        fds = array.array("i")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        return loads(_whole(sock, first, MAX_FRAME, nothing)), list(fds)
    except (OSError, ValueError, RecursionError) as error:
        raise Closed(str(error)) from error


class Frames:
    """Cuts the bytes that one reads from a stream into messages; bounded, never blocks."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """The messages that are complete now. Raises `Closed` for what is no frame."""
        self._buffer += data
        messages = []
        while len(self._buffer) >= 4:
            (size,) = _HEAD.unpack_from(self._buffer)
            if size > self._limit:
                raise Closed(f"frame of {size} bytes")
            if len(self._buffer) < 4 + size:
                break
            body = bytes(self._buffer[4 : 4 + size])
            del self._buffer[: 4 + size]
            try:
                messages.append(loads(body))
            except (ValueError, RecursionError) as error:
                raise Closed("not JSON") from error
        return messages


def close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)
