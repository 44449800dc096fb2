"""Runs one test against the candidate and says, as data, what came of it.

The same code serves the judge's process and, for tests that need it, the candidate's own.
"""

import builtins
import contextlib
import io
import sys
import time
import types
from functools import lru_cache
from typing import Any

from assay.sandbox.child import asserts, compare, pytests, report, unittests
from assay.sandbox.child.broken import Broken, lacks_module, test_text
from assay.sandbox.child.peer import Gone
from assay.sandbox.child.proxies import JudgePeer, Uncrossable
from assay.sandbox.child.scopes import Scope, fresh_module

TEST_FILE = "<test>"
Verdict = dict[str, Any]


class Context:
    """What a test runs with: the candidate's names, and where its calls are counted."""

    def __init__(self, scope: Scope, peer: JudgePeer | None, output: Any = None) -> None:
        self.scope = scope
        self.peer = peer
        self.output = io.StringIO() if output is None else output
        """Where what is printed here goes."""
        self.recorder = asserts.Recorder(lambda: peer.calls if peer else 0)

    def last_call(self) -> str | None:
        """The last call of the candidate, as one would write it."""
        if self.peer is None or self.peer.last is None:
            return None
        name, encoded = self.peer.last
        try:
            args, kwargs = self.peer.decode(encoded)
        except Exception:  # noqa: BLE001 - handles in it do not decode here; a name is enough
            return name
        parts = [report.show(value) for value in args]
        parts += [f"{key}={report.show(value)}" for key, value in kwargs.items()]
        return report.shorten(f"{name}({', '.join(parts)})")


def run(test: dict[str, Any], context: Context, loaded: dict[str, Any]) -> Verdict:
    """One verdict. `loaded` keeps what tests with the same source share."""
    started = time.process_time()
    before = context.peer.cpu if context.peer else 0.0
    context.recorder.failed = None
    try:
        with contextlib.redirect_stdout(context.output):
            verdict = _KINDS[test["kind"]](test, context, loaded)
    except BaseException as error:  # noqa: BLE001 - whatever a test or a candidate raises is data
        if lacks_module(error, test):
            error = Broken(f"{type(error).__name__}: {report.message_of(error)}")
        verdict = failure(error, context)
    peer = context.peer
    if peer is not None:
        if peer.unsplit is not None and not peer.dead:
            return {"unsplit": peer.unsplit}
        if peer.dead:
            return {"dead": True, "detail": {"call": context.last_call()}}
        verdict["peak"] = peer.peak
        verdict["cpu"] = peer.cpu - before + time.process_time() - started
        verdict["detail"]["stdout"] = report.shorten(peer.printed)
    else:
        verdict["cpu"] = time.process_time() - started
        verdict["detail"]["stdout"] = report.shorten(context.output.getvalue())
    return verdict


def verdict(outcome: str, **detail: Any) -> Verdict:
    return {"outcome": outcome, "detail": detail}


def failure(error: BaseException, context: Context) -> Verdict:
    """The verdict for an exception that ended a test."""
    if isinstance(error, Broken):
        return verdict("skipped", message=f"the test is broken: {error}")
    if isinstance(error, Uncrossable):
        return verdict("wrong", call=context.last_call(), actual=f"<{error}>")
    data = getattr(error, "__assay__", None)
    if data is None and isinstance(error, AssertionError):
        return _assertion(error, context)
    if data is None:
        data = report.describe(error)
    name = data.get("type")
    outcome = "raised"
    if name == "MemoryError":
        outcome = "memory"
    elif data.get("denied"):
        outcome = "denied"
    message = data.get("message")
    if name in ("SystemExit", "KeyboardInterrupt", "GeneratorExit"):
        message = f"ended early ({name})"
    return verdict(
        outcome,
        call=context.last_call(),
        exception=name,
        message=message,
        line=data.get("line"),
        source=data.get("source"),
        column=data.get("caret"),
        denied=data.get("denied"),
    )


def _assertion(error: AssertionError, context: Context) -> Verdict:
    failed = context.recorder.failed
    detail: dict[str, Any] = {
        "call": context.last_call(),
        "exception": "AssertionError",
        "message": report.message_of(error) or None,
    }
    if failed is not None:
        if failed.sign == "==":
            detail["expected"], detail["actual"] = report.show_both(failed.expected, failed.actual)
        else:
            detail["expected"] = f"{failed.sign} {report.show(failed.expected)}"
            detail["actual"] = report.show(failed.actual)
    return verdict("wrong", **detail)


def run_call(test: dict[str, Any], context: Context, loaded: dict[str, Any]) -> Verdict:
    scope = {"__builtins__": builtins, "__name__": "__test__"} | context.scope.names(test)
    given = dict(scope)
    with test_text("its setup", test):
        if test["setup"]:
            exec(_compiled(test["setup"], "exec"), scope)
    expected = None
    if test["expected"] is not None:
        own = {
            name: value
            for name, value in scope.items()
            if not (name in given and context.scope.owns(value))
        }
        expected = _evaluate_expected(test["expected"], own)
    scope |= context.scope.shadowed(test["expression"])
    call = report.shorten(test["expression"])
    try:
        code = _compiled(test["expression"].strip(), "eval")
    except (SyntaxError, ValueError) as error:
        raise Broken(f"its expression: {error}") from error
    try:
        actual = eval(code, scope)
    except Gone:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever the candidate raises is data
        return _raised(error, test, context, call)
    if test["raises"] is not None:
        wanted = f"raises {test['raises']}"
        return verdict("wrong", call=call, expected=wanted, actual=report.show(actual))
    if test["expected"] is None:
        return verdict("passed", call=call, actual=report.show(actual))
    same = compare.equal(actual, expected, test["tolerance"])
    if same:
        expected, actual = report.show(expected), report.show(actual)
    else:
        expected, actual = report.show_both(expected, actual, test["tolerance"])
    return verdict("passed" if same else "wrong", call=call, expected=expected, actual=actual)


@lru_cache(512)
def _compiled(text: str, mode: str) -> types.CodeType:
    """Raises what `compile` raises."""
    code: types.CodeType = compile(text, TEST_FILE, mode, dont_inherit=True)
    return code


def _evaluate_expected(text: str, scope: dict[str, Any]) -> Any:
    try:
        return eval(_compiled(text.strip(), "eval"), scope)
    except Exception as error:
        reason = f"{type(error).__name__}: {report.message_of(error)}"
        raise Broken(f"its expected value: {reason}") from error


def _raised(error: BaseException, test: dict[str, Any], context: Context, call: str) -> Verdict:
    data = getattr(error, "__assay__", None) or report.describe(error)
    if test["raises"] is not None:
        names = data.get("names")
        if test["raises"] in (names if isinstance(names, list) else []):
            return verdict("passed", call=call, exception=data.get("type"))
    found = failure(error, context)
    found["detail"]["call"] = call
    if test["expected"] is not None:
        found["detail"]["expected"] = report.shorten(test["expected"])
    if test["raises"] is not None:
        found["outcome"] = "wrong"
        found["detail"]["expected"] = f"raises {test['raises']}"
        found["detail"]["actual"] = f"raised {data.get('type')}"
    return found


def run_script(test: dict[str, Any], context: Context, loaded: dict[str, Any]) -> Verdict:
    if test["framework"] == "plain":
        return _run_plain(test, context)
    context.scope.install(test["module"])
    runner = unittests.run if test["framework"] == "unittest" else pytests.run
    return runner(test, context, loaded)


def _run_plain(test: dict[str, Any], context: Context) -> Verdict:
    context.scope.install(test["module"])
    module = fresh_module("test_candidate")
    scope = vars(module)
    scope |= context.scope.names(test) | context.recorder.names()
    with test_text("its source", test):
        code = asserts.rewritten(test["source"], TEST_FILE)
    exec(code, scope)
    sys.stdout.flush()
    hidden = context.scope.shadowed(test["call"])
    with test_text("its call", test):
        call = asserts.rewritten(test["call"], TEST_FILE)
    exec(call, scope | {name: item for name, item in hidden.items() if name not in scope})
    return verdict("passed")


_KINDS = {"call": run_call, "script": run_script}
