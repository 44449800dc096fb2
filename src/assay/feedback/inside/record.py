"""Keeps of each line the first and the last times that it ran, with the values around them."""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from assay.feedback.inside.cases import os_exit
from assay.feedback.inside.hooks import QUIET
from assay.feedback.inside.show import error, is_class, show

FIRST = LAST = 3
"""Times that a line is kept, of the first and of the last ones."""
CALLS_FIRST, CALLS_LAST = 30, 20
VARIABLES = 16
"""Of one frame."""
DEEP = 300
"""Calls below one another beyond which nothing is kept: hooks need some of the stack."""
STREAMED = 400_000
"""Characters after which steps are no longer told at once."""
_HIDDEN = (FunctionType, BuiltinFunctionType, MethodType, ModuleType)
_ATOMS = (int, float, str, bool, type(None))

Emit = Callable[[dict[str, Any]], int]


@dataclass(slots=True)
class Frame:
    name: str
    number: int
    quiet: bool
    called: dict[str, Any] | None
    values: dict[str, str] = field(default_factory=dict)
    atoms: dict[str, Any] = field(default_factory=dict)
    step: dict[str, Any] | None = None


class Recorder:
    """A `Watcher`. Steps are told as they end, so that a hang loses only the last ones."""

    def __init__(self, emit: Emit, most: int, seconds: float, restarts: bool) -> None:
        self._emit, self._most, self._restarts = emit, most, restarts
        self._until = time.process_time() + seconds
        self._told = 0
        self.lines = 0
        self._clear()

    def _clear(self) -> None:
        self._frames: list[Frame] = []
        self._count = self._deep = 0
        self._visits: dict[int, int] = defaultdict(int)
        self._rings: dict[int, deque[dict[str, Any]]] = {}
        self._calls: list[dict[str, Any]] = []
        self._last_calls: deque[dict[str, Any]] = deque(maxlen=CALLS_LAST)

    # -- what the hooks tell -----------------------------------------------------------------

    def enter(self, frame: FrameType) -> None:
        if self._deep or len(self._frames) >= DEEP:
            self._deep += 1
            return
        if not self._frames and self._restarts:
            self._clear()
            self.lines = 0
            self._emit({"restart": True})
        code = frame.f_code
        quiet = code.co_name in QUIET
        called = None if quiet or code.co_name == "<module>" else self._called(frame)
        self._count += 1
        self._frames.append(Frame(code.co_qualname, self._count, quiet, called))

    def line(self, frame: FrameType, line: int) -> None:
        self.lines += 1
        if self.lines > self._most or (not self.lines % 64 and time.process_time() > self._until):
            self.finish({"kind": "stopped"})
            os_exit(0)
        if self._deep or not self._frames or self._frames[-1].quiet:
            return
        top = self._frames[-1]
        self._close(top, frame)
        self._visits[line] += 1
        top.step = {
            "n": self.lines,
            "line": line,
            "in": top.name,
            "depth": len(self._frames) - 1,
            "frame": top.number,
            "before": dict(top.values),
        }

    def leave(self, frame: FrameType, value: Any) -> None:
        top = self._pop(frame)
        if top is not None and top.called is not None:
            top.called["result"] = show(value)

    def raised(self, frame: FrameType, raised: BaseException) -> None:
        step = self._frames[-1].step if self._frames and not self._deep else None
        if step is not None and not isinstance(raised, StopIteration):
            step["raised"] = error(raised)

    def unwound(self, frame: FrameType, raised: BaseException) -> None:
        top = self._pop(frame)
        if top is not None and top.called is not None:
            top.called["raised"] = error(raised)

    # -- what is kept ------------------------------------------------------------------------

    def _pop(self, frame: FrameType) -> Frame | None:
        if self._deep:
            self._deep -= 1
            return None
        if not self._frames:
            return None
        self._close(self._frames[-1], frame)
        return self._frames.pop()

    def _called(self, frame: FrameType) -> dict[str, Any]:
        code = frame.f_code
        count = code.co_argcount + code.co_kwonlyargcount
        known = frame.f_locals
        names = [name for name in code.co_varnames[:count] if name in known]
        arguments = [(name, show(known[name])) for name in names]
        if names[:1] == ["self"]:
            arguments = arguments[1:]
        called = {
            "name": code.co_qualname,
            "args": ", ".join(f"{name}={text}" for name, text in arguments),
            "depth": sum(one.called is not None for one in self._frames),
        }
        kept = self._calls if len(self._calls) < CALLS_FIRST else self._last_calls
        kept.append(called)
        return called

    def _values(self, top: Frame, frame: FrameType) -> dict[str, str]:
        """Texts of the variables; those that are the same small object are not read again."""
        values: dict[str, str] = {}
        for name, value in list(frame.f_locals.items()):
            if name.startswith(("__", ".")) or len(values) >= VARIABLES:
                continue
            kind = type(value)
            atom = any(kind is one for one in _ATOMS)  # `in` would ask a metaclass
            if atom and name in top.values and top.atoms.get(name, top) is value:
                values[name] = top.values[name]
                continue
            if any(kind is one for one in _HIDDEN) or is_class(value):
                continue
            values[name] = show(value)
            if atom:
                top.atoms[name] = value
            else:
                top.atoms.pop(name, None)
        return values

    def _close(self, top: Frame, frame: FrameType) -> None:
        """The line before this event ended: what it changed is known now."""
        if top.quiet:
            return
        before, top.values = top.values, self._values(top, frame)
        step, top.step = top.step, None
        if step is None:
            return
        step["changed"] = {k: v for k, v in top.values.items() if before.get(k) != v}
        visits = self._visits[step["line"]]
        if visits <= FIRST and self._told < STREAMED:
            self._told += self._emit({"step": step})
        else:
            self._rings.setdefault(step["line"], deque(maxlen=LAST)).append(step)

    def finish(self, end: dict[str, Any]) -> None:
        """What was kept back, and what is still open, from the outermost frame on."""
        for top in self._frames:
            if top.step is not None:
                self._emit({"step": {**top.step, "changed": {}, "open": True}})
        for ring in self._rings.values():
            for step in ring:
                self._emit({"step": step})
        for called in [*self._calls, *self._last_calls]:
            self._emit({"call": called})
        more = max(0, self._count - len(self._calls) - len(self._last_calls))
        self._emit({"end": {**end, "lines": self.lines, "more_calls": more}})
