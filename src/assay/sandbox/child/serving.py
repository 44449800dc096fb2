"""Answers the judge's calls in a fork of the loaded candidate."""

import builtins
import io
import json
import sys
import types
from collections.abc import Callable
from os import _exit
from typing import Any, NoReturn

from assay.sandbox.child import codec, report
from assay.sandbox.child.peer import Gone, Peer
from assay.sandbox.child.printed import Page

_MUTABLE = ("[", "S", "D", "A", "DC", "DO", "DD", "Q")


class Capture(io.TextIOBase):
    """Standard output of the candidate: kept up to a limit, past which the process ends.

    `page` has it too, for a process that does not come to an answer.
    """

    def __init__(self, limit: int, page: Page) -> None:
        self._page = page
        self._left = limit
        self._limit = limit
        self._parts: list[str] = []

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def write(self, text: str) -> int:
        if type(text) is not str:
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._left -= len(text)
        if self._left < 0:
            _exit(report.OUTPUT_STATUS)
        self._parts.append(text)
        self._page.add(text)
        return len(text)

    def getvalue(self) -> str:
        return "".join(self._parts)

    def take(self) -> str:
        text = self.getvalue()
        self._parts.clear()
        return text

    def renew(self) -> None:
        """A test begins."""
        self._left = self._limit
        self._parts.clear()
        self._page.clear()


class Callback:
    """A function or an iterator of the judge's, as the candidate sees it."""

    def __init__(self, peer: Peer, number: int, name: str) -> None:
        self._peer, self._number, self.__name__ = peer, number, name

    def _ask(self, message: dict[str, Any]) -> Any:
        reply = self._peer.request(message)
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

    def __init__(self, channel: Any, module: types.ModuleType, capture: Capture) -> None:
        super().__init__(channel)
        self._module = module
        self._capture = capture
        sys.stdout = capture
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "call": self._call,
            "next": self._next,
            "get": self._get,
            "begin": self._begin,
        }

    def loop(self) -> NoReturn:
        while True:
            try:
                request = self.receive()
                reply = self.answer(request)
                self.send(reply)
            except codec.NotPlain as error:
                self.send({"bad": str(error)})
            except Gone:
                _exit(0)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            reply = self._operations[request["op"]](request)
        except Gone:
            raise
        except codec.NotPlain as error:
            reply = {"bad": str(error)}
        except BaseException as error:  # noqa: BLE001 - whatever it raises is data
            reply = {"exc": report.describe(error)}
        cpu, peak = report.used()
        return reply | {"out": self._capture.take(), "cpu": cpu, "peak": peak}

    def outgoing(self, value: Any) -> Any:
        if isinstance(value, Callback) and value._peer is self:
            return {"O": value._number}
        if hasattr(type(value), "__next__"):
            return self.export(value, "iterator")
        return self.export(value, "callable" if callable(value) else "object")

    def remote(self, number: int, kind: str, name: str) -> Any:
        return (CallbackIterator if kind == "iterator" else Callback)(self, number, name)

    def _begin(self, request: dict[str, Any]) -> dict[str, Any]:
        self._capture.renew()
        report.arm(request["cpu"], request["wall"])
        return {"ok": None}

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"ok": self.encode(getattr(self._module, request["name"]))}

    def _next(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"ok": self.encode(next(self.exported(request["id"])))}

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        if "id" in request:
            function = self.exported(request["id"])
        else:
            function = getattr(self._module, request["name"])
        args, kwargs = self.decode(request["args"])
        result = function(*args, **kwargs)
        if isinstance(result, types.CoroutineType):
            import asyncio  # too heavy to load before somebody needs it

            result = asyncio.run(result)
        for index, value in enumerate(args):
            if value is result and type(value) in (list, dict, set, bytearray):
                reply: dict[str, Any] = {"same": index}
                break
        else:
            reply = {"ok": self.encode(result)}
        if may_change(request["args"]):
            after = self.encode([args, kwargs])
            if json.dumps(after) != json.dumps(request["args"]):
                reply["args"] = after
        return reply


def may_change(node: Any) -> bool:
    """Whether the arguments hold a list, dict or set that a call can change in place."""
    args, kwargs = node[0], node[1]["D"]
    return any(_mutable(item) for item in args) or any(_mutable(item) for _, item in kwargs)


def _mutable(node: Any) -> bool:
    if type(node) is list:
        return True
    if type(node) is not dict:
        return False
    [(tag, body)] = node.items()
    if tag == "T":
        return any(_mutable(item) for item in body)
    return tag in _MUTABLE
