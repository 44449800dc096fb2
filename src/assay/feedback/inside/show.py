"""A value as short text: at a cost bounded by what is shown, without code of the candidate.

No `__repr__`, `__len__`, `__getattr__` or `__class__` of a class of the candidate is called: the
types' own methods and descriptors are.
"""

import sys
import types
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

ITEMS = 8
"""Of one container."""
NODES = 40
"""Values inside of one value, all together."""
DEPTH = 4
TEXT = 60
"""Characters of a string."""
WIDTH = 160
"""Characters of the whole."""
DIGITS = 40

_NAME: Callable[[type], str] = type.__dict__["__name__"].__get__
_MRO: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_DICT: Callable[[type], dict[str, Any]] = type.__dict__["__dict__"].__get__
_ARGS = BaseException.__dict__["args"].__get__
_PLAIN = (int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict, deque)
_BRACKETS: dict[Any, str] = {list: "[]", tuple: "()", set: "{}", frozenset: "{}", deque: "[]"}
_NAMED = (types.FunctionType, types.GeneratorType, types.CoroutineType)
_KNOWN = (
    ("decimal", "Decimal"),
    ("fractions", "Fraction"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "timedelta"),
    ("pathlib", "PosixPath"),
)


def show(value: Any) -> str:
    try:
        text = _Writer().text(value, 0)
    except Exception:  # noqa: BLE001 - another thread of the candidate may change what is read
        text = f"<{_NAME(type(value))}>"
    if len(text) > WIDTH:
        text = text[: WIDTH - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode()


def error(raised: BaseException) -> str:
    """Type and first argument of an exception."""
    arguments = _ARGS(raised)
    name = _NAME(type(raised))
    if not arguments:
        return name
    first = arguments[0]
    return f"{name}: {first[:WIDTH] if type(first) is str else show(first)}"


class _Writer:
    def __init__(self) -> None:
        self.left = NODES

    def text(self, value: Any, depth: int) -> str:
        self.left -= 1
        kind = type(value)
        if value is None or kind is bool or kind is float or kind is complex or kind is range:
            return repr(value)
        base = next((one for one in _MRO(kind) if any(one is p for p in _PLAIN)), None)
        if base is not None:
            return self.plain(value, base, depth)
        return self.other(value, kind, depth)

    def plain(self, value: Any, base: Any, depth: int) -> str:
        name = "" if type(value) is base and base is not deque else _NAME(type(value))
        if base in (int, float, complex):
            fields = self.fields(value) if name else {}
            if "_name_" in fields:
                return f"{name}.{fields['_name_']}"
            return whole(value) if base is int else base.__repr__(value)
        if base in (str, bytes, bytearray):
            return clipped(value, base)
        size = base.__len__(value)
        if base is dict:
            inside = self.items(dict.items(value), size, depth, self.pair, "{}")
        elif base is tuple and type(_DICT(type(value)).get("_fields")) is tuple:
            pairs = zip(_DICT(type(value))["_fields"], tuple.__iter__(value), strict=False)
            return name + self.items(pairs, size, depth, self.argument, "()")
        else:
            inside = self.items(base.__iter__(value), size, depth, self.text, _BRACKETS[base])
        if base is tuple and size == 1:
            inside = inside[:-1] + ",)"
        if base in (set, frozenset) and not size:
            return f"{name or base.__name__}()"
        return f"{name}({inside})" if name else inside

    def items(
        self,
        values: Iterable[Any],
        size: int,
        depth: int,
        write: Callable[[Any, int], str],
        brackets: str,
    ) -> str:
        if depth >= DEPTH:
            return f"{brackets[0]}{'…' if size else ''}{brackets[1]}"
        parts = []
        for value in islice(values, ITEMS):
            if self.left <= 0:
                break
            parts.append(write(value, depth + 1))
        if size > len(parts):
            parts.append(f"… {size} in all")
        return brackets[0] + ", ".join(parts) + brackets[1]

    def pair(self, pair: tuple[Any, Any], depth: int) -> str:
        return f"{self.text(pair[0], depth)}: {self.text(pair[1], depth)}"

    def argument(self, pair: tuple[str, Any], depth: int) -> str:
        return f"{pair[0]}={self.text(pair[1], depth)}"

    def other(self, value: Any, kind: type, depth: int) -> str:
        if is_class(value):
            return f"<class {_NAME(value)}>"
        if any(one is BaseException for one in _MRO(kind)):
            inside = self.items(_ARGS(value), len(_ARGS(value)), depth, self.text, "()")
            return _NAME(kind) + inside
        if any(kind is one for one in _NAMED):
            return f"<{_NAME(kind)} {value.__name__}>"
        if any(vars(sys.modules.get(m, types)).get(name) is kind for m, name in _KNOWN):
            return repr(value)
        fields = self.fields(value)
        if "_name_" in fields and "_value_" in fields:
            return f"{_NAME(kind)}.{fields['_name_']}"
        if not fields:
            return f"<{_NAME(kind)}>"
        return _NAME(kind) + self.items(fields.items(), len(fields), depth, self.argument, "()")

    def fields(self, value: Any) -> dict[str, Any]:
        """What an object of the candidate's own class holds, from `__dict__` and `__slots__`."""
        found: dict[str, Any] = {}
        for kind in _MRO(type(value)):
            for name, item in list(_DICT(kind).items()):
                if type(item) is types.GetSetDescriptorType and name == "__dict__":
                    found |= item.__get__(value)
                elif type(item) is types.MemberDescriptorType and "__slots__" in _DICT(kind):
                    try:
                        found[name] = item.__get__(value)
                    except AttributeError:
                        continue
        return {name: item for name, item in found.items() if type(name) is str}


def is_class(value: Any) -> bool:
    return any(one is type for one in _MRO(type(value)))


def whole(value: int) -> str:
    bits = int.bit_length(value)
    if bits <= DIGITS * 3:
        return int.__repr__(value)
    return f"<int of about {bits * 30103 // 100000 + 1} digits>"


def clipped(value: Any, base: Any) -> str:
    size = base.__len__(value)
    start: str = base.__repr__(base.__getitem__(value, slice(0, TEXT)))
    return start if size <= TEXT else f"{start}… {size} in all"
