"""Line events of the candidate's code, from `sys.monitoring` (Python 3.12) or `sys.settrace`."""

import contextlib
import sys
import threading
from types import CodeType, FrameType
from typing import Any, Protocol

FILE = "<candidate>"
"""The file name of the candidate: time limits of the sandbox name a line in it."""
QUIET = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
"""Frames that Python 3.12 mostly does not have: their lines are those of the function around."""


class Watcher(Protocol):
    """Hears what the candidate does; runs with its frames on the stack."""

    def enter(self, frame: FrameType) -> None: ...
    def line(self, frame: FrameType, line: int) -> None: ...
    def leave(self, frame: FrameType, value: Any) -> None: ...
    def raised(self, frame: FrameType, error: BaseException) -> None: ...
    def unwound(self, frame: FrameType, error: BaseException) -> None: ...


def start(watcher: Watcher) -> None:
    if sys.version_info >= (3, 12):
        _Monitoring(watcher).start()
    else:
        _Tracing(watcher).start()


def stop() -> None:
    if sys.version_info >= (3, 12):
        sys.monitoring.set_events(sys.monitoring.DEBUGGER_ID, 0)
    else:
        _settrace(None)


_settrace = sys.settrace


def guard() -> None:
    """Takes from the candidate what would end the tracing."""
    nothing: Any = lambda *_: None  # noqa: E731 - of any type, as each of the three has its own
    sys.settrace = sys.setprofile = threading.settrace = nothing
    sys.setrecursionlimit(sys.getrecursionlimit() + 200)  # hooks need some of the stack


class _Tracing:
    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._errors: dict[int, BaseException] = {}

    def start(self) -> None:
        _settrace(self._hook)

    def _hook(self, frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != FILE:
            return None
        with contextlib.suppress(Exception):  # the stack may end here, where it does anyway
            self._tell(frame, event, arg)
        return self._hook

    def _tell(self, frame: FrameType, event: str, arg: Any) -> None:
        """An exception that leaves a frame comes as a return of None after `exception`."""
        if event == "line":
            self._errors.pop(id(frame), None)
            self._watcher.line(frame, frame.f_lineno)
        elif event == "call":
            self._watcher.enter(frame)
        elif event == "return":
            error = self._errors.pop(id(frame), None)
            if error is not None and arg is None:
                self._watcher.unwound(frame, error)
            else:
                self._watcher.leave(frame, arg)
        elif event == "exception" and type(arg) is tuple and isinstance(arg[1], BaseException):
            self._errors[id(frame)] = arg[1]
            self._watcher.raised(frame, arg[1])


if sys.version_info >= (3, 12):

    class _Monitoring:
        """Code of others is told of once, and then no more."""

        def __init__(self, watcher: Watcher) -> None:
            self._watcher = watcher
            self._thread = threading.get_ident()

        def start(self) -> None:
            tool = sys.monitoring
            events, mine = tool.events, tool.DEBUGGER_ID
            if tool.get_tool(mine) is None:
                tool.use_tool_id(mine, "assay")
            enter, leave = self._enter, self._leave
            pairs = [
                (events.PY_START, enter),
                (events.PY_RESUME, enter),
                (events.PY_THROW, self._thrown),
                (events.LINE, self._line),
                (events.PY_RETURN, leave),
                (events.PY_YIELD, leave),
                (events.RAISE, self._raised),
                (events.PY_UNWIND, self._unwound),
            ]
            for event, function in pairs:
                tool.register_callback(mine, event, function)
            tool.set_events(mine, sum(event for event, _ in pairs))
            tool.restart_events()

        def _mine(self, code: CodeType) -> bool:
            return code.co_filename == FILE and threading.get_ident() == self._thread

        def _enter(self, code: CodeType, offset: int) -> Any:
            if code.co_filename != FILE:
                return sys.monitoring.DISABLE
            if self._mine(code):
                self._tell(self._watcher.enter, sys._getframe(1))
            return None

        def _line(self, code: CodeType, line: int) -> Any:
            if code.co_filename != FILE:
                return sys.monitoring.DISABLE
            if self._mine(code):
                self._tell(self._watcher.line, sys._getframe(1), line)
            return None

        def _leave(self, code: CodeType, offset: int, value: Any) -> Any:
            if code.co_filename != FILE:
                return sys.monitoring.DISABLE
            if self._mine(code):
                self._tell(self._watcher.leave, sys._getframe(1), value)
            return None

        def _thrown(self, code: CodeType, offset: int, error: BaseException) -> None:
            if self._mine(code):
                self._tell(self._watcher.enter, sys._getframe(1))

        def _raised(self, code: CodeType, offset: int, error: BaseException) -> None:
            if self._mine(code):
                self._tell(self._watcher.raised, sys._getframe(1), error)

        def _unwound(self, code: CodeType, offset: int, error: BaseException) -> None:
            if self._mine(code):
                self._tell(self._watcher.unwound, sys._getframe(1), error)

        @staticmethod
        def _tell(hear: Any, frame: FrameType, *rest: Any) -> None:
            with contextlib.suppress(Exception):
                hear(frame, *rest)
