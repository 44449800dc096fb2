"""Calls between a candidate's process and its judge's, in both directions, over one socket.

Both sides wait for one another, so a call may be answered after calls back: they nest like
frames of one stack. Plain values cross as they are. Of anything else only a handle crosses,
which the other side can call, iterate or hand back, never look into.
"""

import builtins
import socket
from collections.abc import Callable
from typing import Any

from assay.sandbox.child import codec, wire

_TYPES = frozenset((
    bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset
))  # fmt: skip
"""Types that cross by name: calling one gives a plain value."""


class Gone(BaseException):
    """The other side ended. Not an `Exception`: no test may swallow it."""


class Peer:
    """One end. A subclass says what it answers, and what it hands out."""

    limit_out = codec.MAX_TO_CANDIDATE
    limit_in = codec.MAX_TO_JUDGE

    def __init__(self, sock: socket.socket, late: Callable[[], None] = wire.nothing) -> None:
        self._sock = sock
        self._late = late
        self._exports: list[Any] = []
        self._numbers: dict[int, int] = {}
        """Of each export, by its id: one object has one handle."""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def outgoing(self, value: Any) -> Any:
        """What crosses for a value that is not plain. Raises `NotPlain` to refuse it."""
        raise NotImplementedError

    def remote(self, number: int, kind: str, name: str) -> Any:
        """What stands here for an object of the other side."""
        raise NotImplementedError

    def gone(self) -> BaseException:
        return Gone("the other side ended")

    def send(self, message: Any) -> None:
        data = wire.frame(codec.dumps(message, self.limit_out))
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise self.gone() from error

    def receive(self) -> dict[str, Any]:
        try:
            message = codec.loads(wire.recv_bytes(self._sock, self.limit_in, self._late))
        except (wire.Closed, codec.Malformed) as error:
            raise self.gone() from error
        if type(message) is not dict:
            raise self.gone()
        return message

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """Asks, and answers what is asked meanwhile."""
        self.send(message)
        while True:
            reply = self.receive()
            if "op" not in reply:
                return reply
            self.send(self.answer(reply))

    def encode(self, value: Any) -> Any:
        return codec.encode(value, self._out)

    def decode(self, node: Any) -> Any:
        return codec.decode(node, self._in)

    def export(self, value: Any, kind: str) -> Any:
        number = self._numbers.setdefault(id(value), len(self._exports))
        if number == len(self._exports):
            self._exports.append(value)
        name = getattr(value, "__name__", None) if kind == "callable" else None
        name = name if type(name) is str else type(value).__name__
        return {"H": [number, kind, name[:100]]}

    def exported(self, number: Any) -> Any:
        if type(number) is not int or not 0 <= number < len(self._exports):
            raise codec.Malformed("no such handle")
        return self._exports[number]

    def _out(self, value: Any) -> Any:
        if isinstance(value, type):
            name: str = value.__name__
            if getattr(builtins, name, None) is value:
                return {"Y": name}
        return self.outgoing(value)

    def _in(self, node: Any) -> Any:
        [(tag, body)] = node.items()
        if tag == "Y" and type(body) is str:
            found = getattr(builtins, body, None)
            if isinstance(found, type) and (found in _TYPES or issubclass(found, Exception)):
                return found
        if tag == "O":
            return self.exported(body)
        if tag == "H" and type(body) is list and [type(item) for item in body] == [int, str, str]:
            return self.remote(*body)
        raise codec.Malformed("unknown tag")
