"""Runs one pytest node, with pytest's own assertions, fixtures and parameters."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.sandbox.child import report as told
from assay.sandbox.child import static
from assay.sandbox.child.broken import lacks_module

if TYPE_CHECKING:
    from assay.sandbox.child.checks import Context

_OPTIONS = ["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--noconftest", "-s"]


class _Plugin:
    """Hears how the node ended, with the exception itself."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.passed = False
        self.error: BaseException | None = None
        self.when = ""
        """`collect`, `setup`, `call` or `teardown`, where there was an error."""
        self.skipped: str | None = None
        self._names = names

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" and report.passed:
            self.passed = True
        if report.skipped:
            self.skipped = str(getattr(report, "wasxfail", "") or "the test skipped itself")

    def pytest_runtest_setup(self, item: Any) -> None:
        """Tests that import nothing find the candidate's names, as in the other frameworks."""
        for name, value in self._names.items():
            vars(item.module).setdefault(name, value)

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        self.error = excinfo.value

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        if self.error is None:
            self.error, self.when = call.excinfo.value, report.when


def own_fault(error: BaseException, when: str, test: dict[str, Any]) -> str | None:
    """What is wrong with the test's own text; `None` where the candidate may be why."""
    if hasattr(error, "__assay__") or told.place_of(error.__traceback__)["line"] is not None:
        return None
    text = f"{type(error).__name__}: {told.message_of(error)}"
    if when == "setup" and type(error).__name__ == "FixtureLookupError":
        return f"no fixture {getattr(error, 'argname', '')!r}"
    if lacks_module(error, test):
        return text
    if when != "collect":
        return None
    own = {*static.ALIASES, test["module"]}
    match error:
        case ImportError():
            return None
        case AttributeError():
            module = isinstance(error.obj, types.ModuleType) and error.obj.__name__ not in own
            return text if module else None
        case SyntaxError() | NameError():  # here the candidate's names are not in sight yet
            return text
    unreadable = type(error).__name__ in ("CollectError", "Failed")  # pytest's own complaints
    return text if unreadable else None


def run(test: dict[str, Any], context: Context, loaded: dict[str, Any]) -> dict[str, Any]:
    import pytest  # here only where the job asked for it

    folder = loaded.get(test["source"])
    if folder is None:
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="tests", dir=Path.cwd()))
        (folder / "test_candidate.py").write_text(test["source"], encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n")
        loaded[test["source"]] = folder
    plugin = _Plugin(context.scope.names(test))
    node = f"{folder / 'test_candidate.py'}::{test['call']}"
    sys.modules.pop("test_candidate", None)
    arguments = [*_OPTIONS, f"--rootdir={folder}", node]
    status = pytest.main(arguments, plugins=[plugin])
    if plugin.error is not None:
        error = plugin.error
        if plugin.when == "collect":
            error = error.__cause__ or error  # pytest wraps what an import raised
        fault = own_fault(error, plugin.when, test)
        if fault is None:
            raise error
        message = told.shorten(f"the test is broken: {fault}")
        return {"outcome": "skipped", "detail": {"message": message}}
    if plugin.passed and status == 0 and plugin.skipped is None:
        return {"outcome": "passed", "detail": {}}
    reason = plugin.skipped or "no such test ran"
    return {"outcome": "skipped", "detail": {"message": reason}}
