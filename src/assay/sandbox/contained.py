"""One running container: frames to its first process and back, and its end."""

import contextlib
import json
import os
import selectors
import struct
import subprocess
import tempfile
import threading
import time

from assay.errors import SandboxError
from assay.sandbox.engine import Engine, Room, command, container_name, explain, lets_go
from assay.sandbox.parcel import BOOT, parcel

START_SECONDS = 60.0
_END_SECONDS = 10.0
_LARGEST = 256 << 20
_CHUNK = 1 << 20
_HEARD = 4096
_HEAD = struct.Struct("!I")


class Ended(SandboxError):
    """Whoever was to read or to write is gone."""


class Container:
    """Ends with this process: its stdin ends then, and so does whoever reads it in there."""

    def __init__(self, engine: Engine, image: str, room: Room, slot: int) -> None:
        """Raises `SandboxError`, with what the engine said of it."""
        self._engine, self._name = engine, container_name()
        self._lock, self._closed = threading.Lock(), False
        self._stop, self._stopping = os.pipe()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the container
        self._last = ""
        self._client: subprocess.Popen[bytes] | None = None
        try:
            self._client = self._started(command(engine, image, self._name, room, BOOT))
            self._send(parcel(room.pytest), time.monotonic() + START_SECONDS)
            hello = json.loads(self.exchange(json.dumps({"slot": slot}).encode(), START_SECONDS))
            if "error" in hello:
                raise SandboxError(str(hello["error"]))
            if lets_go(self._heard()):
                raise SandboxError("a limit is not kept")
            self.python = str(hello["python"])
            """Its version in there."""
            self.image = self._asked(["inspect", "--format", "{{.Image}}", self._name])
            """What it was made of, as the engine numbers it: a name may come to mean another."""
        except BaseException as error:
            self.close()
            if not isinstance(error, Exception):
                raise
            said = (
                self._last if isinstance(error, Ended) and self._last else f"{error} {self._last}"
            )
            raise SandboxError(explain(engine.name, image, said)) from None

    def _started(self, words: list[str]) -> "subprocess.Popen[bytes]":
        client = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for us alone
        )
        for stream in (client.stdin, client.stdout):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
        return client

    def exchange(self, message: bytes, seconds: float) -> bytes:
        """The answer. Raises `SandboxError` where it ends, or gives none in time."""
        deadline = time.monotonic() + seconds
        self._send(message, deadline)
        [length] = _HEAD.unpack(self._read(_HEAD.size, deadline))
        if length > _LARGEST:
            raise SandboxError("the container does not keep to the protocol")
        return self._read(length, deadline)

    def _send(self, body: bytes, deadline: float) -> None:
        assert self._client is not None and self._client.stdin is not None
        fd, rest = self._client.stdin.fileno(), memoryview(_HEAD.pack(len(body)) + body)
        while rest:
            self._wait(fd, selectors.EVENT_WRITE, deadline)
            try:
                rest = rest[os.write(fd, rest[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Ended(f"the container ended: {error.strerror}") from error

    def _read(self, count: int, deadline: float) -> bytes:
        assert self._client is not None and self._client.stdout is not None
        fd, data = self._client.stdout.fileno(), bytearray()
        while len(data) < count:
            self._wait(fd, selectors.EVENT_READ, deadline)
            part = os.read(fd, min(_CHUNK, count - len(data)))
            if not part:
                raise Ended("the container ended")
            data += part
        return bytes(data)

    def _wait(self, fd: int, event: int, deadline: float) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(fd, event)
            waiting.register(self._stop, selectors.EVENT_READ)
            found = waiting.select(max(0.0, deadline - time.monotonic()))
        if any(key.fd == self._stop for key, _ in found):
            raise SandboxError("the container was ended")
        if not found:
            raise SandboxError("the container gives no answer")

    def _heard(self) -> str:
        """The last part of what the engine and what runs in there wrote to stderr."""
        fd = self._said.fileno()  # where it stands is where others write: not to be moved
        return os.pread(fd, _HEARD, max(0, os.fstat(fd).st_size - _HEARD)).decode(errors="replace")

    def kill(self) -> None:
        """Whoever waits for an answer gets none. May be called from another thread."""
        with self._lock:
            if not self._closed:
                os.write(self._stopping, b"x")

    def close(self) -> None:
        """Waits until it is gone; may be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        if self._client is not None:
            self._end(self._client)
        self._last = self._heard()
        self._said.close()
        os.close(self._stop)
        os.close(self._stopping)

    def _end(self, client: "subprocess.Popen[bytes]") -> None:
        """First by the end of its stdin, then by force."""
        assert client.stdin is not None and client.stdout is not None
        with contextlib.suppress(OSError):
            client.stdin.close()
        client.stdout.close()
        try:
            client.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(SandboxError):
                self._asked(["rm", "--force", self._name])
            client.kill()
            client.wait()

    def _asked(self, words: list[str]) -> str:
        """What the engine answers. Raises `SandboxError`."""
        try:
            done = subprocess.run(
                [self._engine.name, *words],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_END_SECONDS,
                check=True,
                text=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SandboxError(f"{self._engine.name} {words[0]} failed: {error}") from error
        return done.stdout.strip()
