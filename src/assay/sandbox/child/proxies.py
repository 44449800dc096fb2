"""The candidate as its judge sees it: functions that call across, and exceptions that came."""

import builtins
import contextlib
import sys
import threading
import types
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn, TypeGuard

from assay.sandbox.child import codec, report, wire
from assay.sandbox.child.peer import Gone, Peer

_PRINTED = 1 << 20
_HEARD = 32 << 20
"""Characters that one test may hear of, however many messages bring them."""
_FOREVER = 1e9
_CONTAINERS = (list, dict, set, bytearray, deque)
_ITERATORS = ("builtins", "itertools")
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)


class Dead(Gone):
    """The candidate's process ended, or sent what is no answer."""


class Unsplit(Gone):
    """The test hands over an object of its own that cannot cross."""


class Uncrossable(Exception):
    """The candidate returned a value too deep or too big to cross: it is not the one asked for."""


class RemoteObject:
    """Something of the candidate's that is not plain. It equals nothing but itself."""

    def __init__(self, peer: "JudgePeer", number: int, name: str) -> None:
        self._peer, self._number, self._name = peer, number, name

    def __repr__(self) -> str:
        return f"<object of type {self._name}>"

    def __getattr__(self, name: str) -> Any:
        """Its plain attributes, never a method: a test that calls one of a string or a list would
        have its answer from the candidate."""
        if name.startswith("_"):
            raise AttributeError(f"{self!r} has no attribute {name!r} here")
        value = self._peer.value_of(
            self._peer.ask({"op": "attr", "id": self._number, "name": name})
        )
        if callable(value):
            raise AttributeError(f"{name!r} of {self!r} can be called in its own process only")
        return value


class RemoteCallable(RemoteObject):
    def __init__(self, peer: "JudgePeer", number: int, name: str) -> None:
        super().__init__(peer, number, name)
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._peer.call({"id": self._number}, self._name, args, kwargs)


class RemoteIterator(RemoteObject):
    def __iter__(self) -> "RemoteIterator":
        return self

    def __next__(self) -> Any:
        reply = self._peer.ask({"op": "next", "id": self._number})
        if "exc" in reply and reply["exc"].get("type") == "StopIteration":
            raise StopIteration
        return self._peer.value_of(reply)


_KINDS: dict[str, type[RemoteObject]] = {
    "callable": RemoteCallable,
    "iterator": RemoteIterator,
    "object": RemoteObject,
}


class JudgePeer(Peer):
    """The judge's end. `last` and `calls` tell what a failing assertion was about."""

    def __init__(self, sock: Any, late: Callable[[], None] = wire.nothing) -> None:
        super().__init__(sock, late)
        self.calls = 0
        self.last: tuple[str, Any] | None = None
        self.printed = ""
        self._heard = 0
        self._asked = False
        """Whether the test asked for anything of the candidate's, which may be in what it makes."""
        self.cpu = 0.0
        self.peak: int | None = None
        self.dead = False
        self.unsplit: str | None = None
        self.errors: dict[str, type[BaseException]] = {}
        self._turn = threading.RLock()
        """A test may call from several threads."""
        self._remotes: dict[int, RemoteObject] = {}
        self._begin: dict[str, Any] = {}

    def gone(self) -> BaseException:
        self.dead = True
        return Dead("the candidate's process ended")

    def begin(self, cpu: float, wall: float) -> None:
        """A test begins: its first call starts the candidate's clocks."""
        self.calls, self.last, self.printed, self._heard = 0, None, "", 0
        self._asked = False
        self._begin = {"begin": [cpu, wall]}

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self._asked = True
        with self._turn:
            begin, self._begin = self._begin, {}
            reply = self.request(message | begin)
        self._hear(reply)
        cpu, peak = reply.get("cpu"), reply.get("peak")
        if type(cpu) is float and type(peak) is int and 0 <= cpu < _FOREVER and peak >= 0:
            self.cpu, self.peak = cpu, peak
        return reply

    def _hear(self, message: dict[str, Any]) -> None:
        """What the candidate printed since its last message."""
        text = message.get("out")
        if type(text) is str and text:
            self._heard += len(text)
            if self._heard > _HEARD:
                raise self.gone()
            self.printed = (self.printed + text)[-_PRINTED:]
            sys.stdout.write(text)

    def get(self, name: str) -> Any:
        return self.value_of(self.ask({"op": "get", "name": name}))

    def call(self, target: dict[str, Any], name: str, args: Any, kwargs: Any) -> Any:
        try:
            trees = [codec.encode(item, self._out, 2) for item in args]  # as deep as in a list
            encoded = [trees, codec.encode(kwargs, self._out, 1) if kwargs else {"D": []}]
        except codec.NotPlain as error:
            if not self._asked:  # too deep, say: the test alone made it
                self.unsplit = f"an argument that does not cross: {error}"
                raise Unsplit(self.unsplit) from error
            raise TypeError(f"argument of {name}: {error}") from error
        self.calls += 1
        self.last = (name, encoded)
        reply = self.ask({"op": "call", "args": encoded, **target})
        if "args" in reply:
            self._apply(args, kwargs, reply["args"])
        same = reply.get("same")
        if type(same) in (int, str):
            given = dict(enumerate(args)) | kwargs
            if same not in given:
                raise self.gone()
            return given[same]
        return self.value_of(reply)

    def value_of(self, reply: dict[str, Any]) -> Any:
        try:
            if "ok" in reply:
                return self.decode(reply["ok"])
            if type(reply.get("exc")) is dict:
                held = reply["exc"].get("held")
                given = codec.decode(held) if held is not None else None
                raise_remote(report.cleaned(reply["exc"]), self.errors, given)
        except codec.Malformed as error:
            raise self.gone() from error
        raise Uncrossable(str(reply.get("bad"))[:200])

    def _apply(self, args: Any, kwargs: Any, node: Any) -> None:
        """Repeats in place what the call changed in its arguments."""
        try:
            new_args, new_kwargs = self.decode(node)
            for old, new in zip(args, new_args, strict=True):
                merge(old, new)
            for key, old in kwargs.items():
                merge(old, new_kwargs[key])
        except (codec.Malformed, ValueError, TypeError, KeyError) as error:
            raise self.gone() from error

    def outgoing(self, value: Any) -> Any:
        if isinstance(value, RemoteObject):
            return {"O": value._number}
        candidate = getattr(value, "__assay_name__", None)
        if candidate is not None:
            return self.export(value, "callable")
        if isinstance(value, _FUNCTIONS) or type(value).__module__ in ("functools", "operator"):
            return self.export(value, "callable")
        if hasattr(type(value), "__next__") and type(value).__module__ in _ITERATORS:
            return self.export(value, "iterator")
        if isinstance(value, types.GenericAlias | types.UnionType):
            raise codec.NotPlain(f"object of type {type(value).__name__}")
        self.unsplit = f"an argument of type {type(value).__name__}"
        raise Unsplit(self.unsplit)

    def remote(self, number: int, kind: str, name: str) -> Any:
        if kind not in _KINDS:
            raise codec.Malformed("unknown kind of handle")
        if number not in self._remotes:
            self._remotes[number] = _KINDS[kind](self, number, name[:100])
        return self._remotes[number]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The candidate calls what the test handed over: a function, or an iterator."""
        self._hear(request)
        try:
            target = self.exported(request.get("id"))
            if request.get("op") == "next" and hasattr(type(target), "__next__"):
                return {"ok": self.encode(next(target))}
            if request.get("op") != "call" or not callable(target):
                raise codec.Malformed("no such operation")
            args, kwargs = self.decode(request.get("args"))
            return {"ok": self.encode(target(*args, **kwargs))}
        except (codec.Malformed, codec.NotPlain) as error:
            raise self.gone() from error
        except Unsplit as error:  # only a call of the test's decides where the test is judged
            self.unsplit = None
            return {"exc": "TypeError", "message": str(error)}
        except Exception as error:  # noqa: BLE001 - it belongs to the candidate, which called
            known = getattr(builtins, type(error).__name__, None) is type(error)
            name = type(error).__name__ if known else "RuntimeError"
            return {"exc": name, "message": report.message_of(error)}


def merge(old: Any, new: Any) -> None:
    """Makes `old` equal to `new` in place, as deep as the two have the same shape."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        for one, two in zip(old, new, strict=False):
            merge(one, two)
    if type(old) is not type(new):
        return
    if isinstance(old, list):
        old[:] = [_kept(old[i] if i < len(old) else None, item) for i, item in enumerate(new)]
    elif isinstance(old, dict):
        fresh = {key: _kept(old.get(key), item) for key, item in new.items()}
        old.clear()
        old.update(fresh)
    elif isinstance(old, deque):
        items = [_kept(old[i] if i < len(old) else None, item) for i, item in enumerate(new)]
        old.clear()
        old.extend(items)
    elif isinstance(old, set):
        old.clear()
        old |= new
    elif isinstance(old, bytearray):
        old[:] = new


def _kept(old: Any, new: Any) -> Any:
    if type(old) is type(new) and isinstance(old, _CONTAINERS):
        merge(old, new)
        return old
    return new


def function(peer: JudgePeer, name: str, kind: str) -> Callable[..., Any]:
    """A function that calls the candidate's function of that name."""

    def across(*args: Any, **kwargs: Any) -> Any:
        return peer.call({"name": name}, name, args, kwargs)

    async def across_async(*args: Any, **kwargs: Any) -> Any:
        return peer.call({"name": name}, name, args, kwargs)

    made: Any = across_async if kind == "async" else across
    made.__name__ = made.__qualname__ = name
    made.__assay_name__ = name
    made.__module__ = "candidate"
    named: Callable[..., Any] = made
    return named


def raise_remote(
    data: dict[str, Any], errors: dict[str, type[BaseException]], held: Any = None
) -> NoReturn:
    """Raises here what was raised there: the same type where it is known, else one of its name.

    `errors` are the candidate's own exceptions, as the test knows them; `held` is what the
    exception holds, where that is plain.
    """
    own = str(data.get("type")) if data.get("module") == "candidate" else ""
    error = errors.get(own) or _exception_class(data)
    made = _exception(error, str(data.get("message", "")), held)
    number = data.get("errno")
    if isinstance(made, OSError) and type(number) is int and made.errno is None:
        made.errno, made.strerror = number, str(data.get("message", ""))
    if isinstance(made, StopIteration):  # would end a loop of the test's in silence
        made = RuntimeError("the candidate raised StopIteration")
    made.__assay__ = data  # type: ignore[attr-defined]  # `checks` reads it
    raise made


def _exception(error: type[BaseException], text: str, held: Any) -> BaseException:
    """An exception of that type with the arguments and attributes `held`, which reads as `text`."""
    args: tuple[Any, ...] = (text,)
    attributes: dict[Any, Any] = {}
    if type(held) is list and [type(item) for item in held] == [list, dict]:
        args, attributes = tuple(held[0]), held[1]
    made = _made(error, args)
    if report.message_of(made) != text:  # the candidate's own `__str__`, or other arguments
        names = {"__str__": lambda self: text, "__module__": error.__module__}
        made = _made(type(error.__name__, (error,), names), args)
    for name, value in attributes.items():
        if type(name) is str and not name.startswith("_"):
            vars(made)[name] = value
    return made


def _made(error: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    if type(error.__init__) is types.WrapperDescriptorType:  # else its attributes are in `held`
        with contextlib.suppress(TypeError, ValueError):
            return error(*args)
    made = error.__new__(error)
    made.args = args
    return made


def _exception_class(data: dict[str, Any]) -> type[BaseException]:
    name, module = str(data.get("type"))[:100], str(data.get("module"))
    if module != "builtins" and module.split(".")[0] not in sys.stdlib_module_names:
        module = ""
    if module.split(".")[0] in ("unittest", "doctest", "candidate"):
        module = ""  # their exceptions steer the test's framework
    found = getattr(sys.modules.get(module), name, None)
    if _can_be_made(found, BaseException):
        return found
    bases = data.get("bases")
    for base in bases if type(bases) is list else []:
        known = getattr(builtins, str(base), None)
        if _can_be_made(known, Exception):
            return type(name, (known,), {})
    return type(name, (Exception,), {})


def _can_be_made(found: Any, base: type[BaseException]) -> TypeGuard[type[BaseException]]:
    """What an `ExceptionGroup` holds does not cross."""
    if not isinstance(found, type) or not issubclass(found, base):
        return False
    return not issubclass(found, BaseExceptionGroup)
