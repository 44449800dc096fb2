"""Runs one method of a `unittest.TestCase`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from assay.sandbox.child import asserts
from assay.sandbox.child.broken import test_text
from assay.sandbox.child.scopes import fresh_module

if TYPE_CHECKING:
    from assay.sandbox.child.checks import Context


@cache
def _result() -> Any:
    """A class of results. Made when a test needs it: unittest is heavy for every fork to carry."""
    import unittest

    class Result(unittest.TestResult):
        """Keeps the exceptions themselves, not their text."""

        def __init__(self) -> None:
            super().__init__()
            self.raised: list[BaseException] = []

        def _exc_info_to_string(self, err: Any, test: Any) -> str:
            self.raised.append(err[1])
            return ""

        def addExpectedFailure(self, test: Any, err: Any) -> None:
            self.expectedFailures.append((test, ""))

    return Result


def run(test: dict[str, Any], context: Context, loaded: dict[str, Any]) -> dict[str, Any]:
    module = loaded.get(test["source"])
    if module is None:
        module = fresh_module("test_candidate")
        vars(module).update(context.scope.names(test) | context.recorder.names())
        with test_text("its source", test):
            code = asserts.rewritten(test["source"], "<test>")
        exec(code, vars(module))
        loaded[test["source"]] = module
    import unittest

    result = _result()()
    unittest.defaultTestLoader.loadTestsFromName(test["call"], module).run(result)
    if result.raised:
        raise result.raised[0]
    if result.unexpectedSuccesses:
        return {"outcome": "wrong", "detail": {"message": "passed, which the test does not expect"}}
    if result.testsRun and not result.skipped and result.wasSuccessful():
        return {"outcome": "passed", "detail": {}}
    reason = result.skipped[0][1] if result.skipped else "no such test ran"
    return {"outcome": "skipped", "detail": {"message": reason}}
