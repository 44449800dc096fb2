"""Answers the judge's calls in a fork of the loaded candidate."""

import builtins
import contextlib
import io
import os
import sys
import threading
import types
from collections import deque
from collections.abc import Callable, Iterator
from os import _exit
from typing import Any

from assay.sandbox.child import codec, report, wire
from assay.sandbox.child.peer import Gone, Peer

_write, _getpid = os.write, os.getpid
_HELD = 1 << 20
"""Bytes that an exception's arguments and attributes may take: longer ones do not cross."""
_KEPT = frozenset((list, dict, set, bytearray, deque))
"""Types of an argument that, given back, is the argument itself."""
_MUTABLE = ("FA", "S", "D", "A", "DC", "DO", "DD", "Q")


class Capture(io.TextIOBase):
    """Standard output of the candidate: kept up to a limit, past which the process ends.

    The first of it also goes to descriptor 1 at once, each test's after a `report.MARK`, for a
    process that does not come to an answer.
    """

    def __init__(self) -> None:
        self._left = self._limit = self._aloud = 0
        self._parts: list[str] = []
        self._marked = False

    def writable(self) -> bool:
        return True

    @property
    def buffer(self) -> "_Bytes":
        return _Bytes(self)

    @property
    def encoding(self) -> str:  # type: ignore[override]  # an attribute there
        return "utf-8"

    def write(self, text: str) -> int:
        if type(text) is not str:
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._left -= len(text)
        if self._left < 0:
            _exit(report.OUTPUT_STATUS)
        self._parts.append(text)
        if self._aloud > 0:
            self._say(text)
        return len(text)

    def _say(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")[: self._aloud]
        self._aloud -= len(data)
        with contextlib.suppress(OSError):
            _write(1, data if self._marked else report.MARK + data)
        self._marked = True

    def getvalue(self) -> str:
        return "".join(self._parts)

    def take(self) -> str:
        if not self._parts:
            return ""
        text = self.getvalue()
        self._parts.clear()
        return text

    def renew(self, limit: int | None = None) -> None:
        """A test begins; or, with a `limit`, the first one."""
        if limit is not None:
            self._limit = limit
            self._aloud = limit // 2
        self._left = self._limit
        self._parts.clear()
        if self._marked:
            with contextlib.suppress(OSError):
                _write(1, report.MARK)


class _Bytes(io.RawIOBase):
    """What takes bytes for a `Capture`."""

    def __init__(self, text: Capture) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._text.write(bytes(data).decode("utf-8", "backslashreplace"))


class Callback:
    """A function or an iterator of the judge's, as the candidate sees it."""

    def __init__(self, peer: "Server", number: int, name: str) -> None:
        self._peer, self._number = peer, number
        self.__name__ = self.__qualname__ = name

    def _ask(self, message: dict[str, Any]) -> Any:
        reply = self._peer.request(message | {"out": self._peer.capture.take()})
        if "ok" in reply:
            return self._peer.decode(reply["ok"])
        kind = getattr(builtins, str(reply.get("exc")), RuntimeError)
        raise kind(reply.get("message", ""))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        encoded = self._peer.encode([list(args), kwargs])
        return self._ask({"op": "call", "id": self._number, "args": encoded})


class CallbackIterator(Callback):
    def __iter__(self) -> "CallbackIterator":
        return self

    def __next__(self) -> Any:
        return self._ask({"op": "next", "id": self._number})


class Server(Peer):
    limit_out = codec.MAX_TO_JUDGE
    limit_in = codec.MAX_TO_CANDIDATE

    def __init__(self, channel: Any) -> None:
        """Made before the fork, so that a run need not."""
        super().__init__(channel)
        self._module = types.ModuleType("candidate")
        self.capture = Capture()
        self._callbacks: dict[int, Callback] = {}
        self._turn = threading.RLock()
        self._pid = 0
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "call": self._call,
            "next": self._next,
            "get": self._get,
            "attr": self._attr,
        }

    def serve(self, module: types.ModuleType, output: int) -> None:
        """Answers until the judge closes the channel."""
        self._module = module
        self.capture.renew(output)
        sys.stdout = self.capture
        self._pid = _getpid()
        self._turn.acquire()
        while True:
            try:
                request = self.receive()
                self._turn.release()  # while it works, and only then, threads may call back
                try:
                    reply = self.answer(request)
                finally:
                    self._turn.acquire()
                if _getpid() != self._pid:  # the call forked: only the first process answers
                    _exit(0)
                self.send(reply)
            except codec.NotPlain as error:
                self.send({"bad": str(error)})
            except Gone:
                return

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            if "begin" in request:
                self.capture.renew()
                report.arm(*request["begin"])
            reply = self._operations[request["op"]](request)
        except Gone:
            raise
        except codec.NotPlain as error:
            reply = {"bad": str(error)}
        except BaseException as error:  # noqa: BLE001 - whatever it raises is data
            reply = {"exc": self._told(error)}
        cpu, peak = report.used()
        return reply | {"out": self.capture.take(), "cpu": cpu, "peak": peak}

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """One at a time: the candidate may call back from several threads."""
        with self._turn:
            return super().request(message)

    def _told(self, error: BaseException) -> dict[str, Any]:
        """An exception as data, with what it holds as far as that is plain."""
        held: Any = None
        try:
            args = [*error.args]
            if isinstance(error, OSError) and type(error.filename) is str and len(args) == 2:
                args.append(error.filename)
            held = [codec.encode(args), {"D": list(_plain_attributes(error))}]
            held = held if len(wire.dumps(held)) <= _HELD else None
        except Exception:  # noqa: BLE001 - the candidate's own objects may do anything
            held = None
        return report.describe(error) | {"held": held}

    def outgoing(self, value: Any) -> Any:
        if isinstance(value, Callback) and value._peer is self:
            return {"O": value._number}
        if hasattr(type(value), "__next__"):
            return self.export(value, "iterator")
        return self.export(value, "callable" if callable(value) else "object")

    def remote(self, number: int, kind: str, name: str) -> Any:
        made = CallbackIterator if kind == "iterator" else Callback
        return self._callbacks.setdefault(number, made(self, number, name))

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"ok": self.encode(getattr(self._module, request["name"]))}

    def _next(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"ok": self.encode(next(self.exported(request["id"])))}

    def _attr(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"ok": self.encode(getattr(self.exported(request["id"]), request["name"]))}

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        if "id" in request:
            function = self.exported(request["id"])
        else:
            function = getattr(self._module, request["name"])
        nodes, named = request["args"]
        args = [codec.decode(node, self._in, 2) for node in nodes]
        kwargs = codec.decode(named, self._in, 1) if named["D"] else {}
        try:
            reply = self._result(function(*args, **kwargs), args, kwargs)
        except (Gone, codec.NotPlain):
            raise
        except BaseException as error:  # noqa: BLE001 - what it changed before is to be seen too
            reply = {"exc": self._told(error)}
        if may_change(request["args"]):
            after = self.encode([args, kwargs])
            if wire.dumps(after) != wire.dumps(request["args"]):
                reply["args"] = after
        return reply

    def _result(self, result: Any, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        if isinstance(result, types.CoroutineType):
            import asyncio  # too heavy to load before somebody needs it

            result = asyncio.run(result)
        if type(result) in _KEPT:
            for name, value in (*enumerate(args), *kwargs.items()):
                if value is result:
                    return {"same": name}
        return {"ok": self.encode(result)}


def _plain_attributes(error: BaseException) -> Iterator[list[Any]]:
    for name, value in vars(error).items():
        with contextlib.suppress(codec.NotPlain):
            yield [str(name), codec.encode(value)]


def may_change(node: Any) -> bool:
    """Whether the arguments hold a list, dict or set that a call can change in place."""
    nodes, named = node
    return _mutable(nodes) or _mutable([item for _, item in named["D"]])


def _mutable(nodes: list[Any]) -> bool:
    """Whether one of them is."""
    for node in nodes:
        if type(node) is list:
            return True
        if type(node) is dict:
            [(tag, body)] = node.items()
            if tag in _MUTABLE:
                return True
            if tag in ("T", "NT") and _mutable(body if tag == "T" else body[2]):
                return True
    return False
