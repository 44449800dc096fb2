"""A program for the sandbox: checks properties of a program with Hypothesis.

Reads JSON from standard input: `programs` (their texts; or instead `examples`, pairs of the
arguments and the value), `entry` (the function asked for), `properties` (`source` and `name` of a
test function), `count` (inputs a property), `shrink` (whether to make a failing one smaller) and
`seconds` (of CPU a property). Prints a line of JSON a program and property, as soon as it is
known, marked with a digest of the whole order, which no program can hold because it is a part of
that. It only ever runs in the sandbox, in one process with what it checks, which can look for the
mark there: what it says is advice.
"""

import ast
import hashlib
import io
import json
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from assay.feedback.inside.show import show

MARK = "assay property: "
WIDTH = 300


class Late(BaseException):
    """The time of this property is over."""


class Unknown(BaseException):
    """No example says what comes of these arguments."""


def listed(args: tuple[Any, ...], named: dict[str, Any]) -> str:
    return ", ".join([*map(show, args), *(f"{name}={show(v)}" for name, v in named.items())])


class Recorder:
    """The function that is checked; keeps what it was called with and what came."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function
        self.calls: list[str] = []
        self.total = 0

    def __call__(self, *args: Any, **named: Any) -> Any:
        said = f"{self.name}({listed(args, named)})"
        self.total += 1
        try:
            value = self.function(*args, **named)
        except Exception as error:
            self.calls.append(f"{said} raised {type(error).__name__}: {show(str(error))}")
            raise
        self.calls.append(f"{said} gave {show(value)}")
        return value


def is_violation(error: BaseException) -> bool:
    """An assertion, or an error of the checked program; else the property itself is broken."""
    from hypothesis.errors import HypothesisException

    if isinstance(error, HypothesisException) or not isinstance(error, Exception):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, AssertionError) or any(f.filename == "<candidate>" for f in frames)


def load(code: str) -> dict[str, Any]:
    """What a property may use: the names of the program, and of Hypothesis."""
    import hypothesis
    from hypothesis import strategies

    names: dict[str, Any] = {"__name__": "candidate"}
    exec(compile(code, "<candidate>", "exec"), names)
    names = {name: value for name, value in names.items() if not name.startswith("_")}
    known = {name: getattr(hypothesis, name) for name in ("given", "assume", "example", "note")}
    return names | known | {"hypothesis": hypothesis, "strategies": strategies, "st": strategies}


def check(one: dict[str, str], order: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """What became of a property on the program."""
    recorder = Recorder(order["entry"], names[order["entry"]])
    space = {**names, "__name__": "properties", order["entry"]: recorder}
    seen: list[dict[str, Any]] = []
    try:
        exec(compile(one["source"], "<property>", "exec"), space)
        test = space[one["name"]]
        inner = test.hypothesis.inner_test
    except Exception as error:  # noqa: BLE001 - code of others
        return {"state": "broken", "error": said(error)}

    def watched(*args: Any, **named: Any) -> None:
        recorder.calls.clear()
        text = listed(args, named)
        try:
            inner(*args, **named)
        except BaseException as error:
            if is_violation(error):
                calls = recorder.calls[:5]
                seen.append({"arguments": text, "calls": calls, "error": said(error)})
            raise

    test.hypothesis.inner_test = watched
    try:
        test()
    except Late:
        smallest = min(seen, key=lambda found: len(found["arguments"]), default=None)
        return {"state": "violated", **smallest} if smallest else {"state": "unfinished"}
    except BaseException as error:  # noqa: BLE001 - code of others
        if seen and is_violation(error):
            return {"state": "violated", **seen[-1]}
        return {"state": "broken", "error": said(error)}
    if not recorder.total:
        return {"state": "broken", "error": "it never calls the function"}
    return {"state": "held"}


def said(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}"[:WIDTH] if text else type(error).__name__


def on_examples(
    one: dict[str, str], order: dict[str, Any], names: dict[str, Any]
) -> dict[str, Any]:
    """Whether a visible example violates the property: its arguments are the property's, and the
    function is what the examples say."""
    values = {repr(ast.literal_eval(args)): value for args, value in order["examples"]}

    def table(*args: Any) -> Any:
        if repr(args) not in values:
            raise Unknown
        return ast.literal_eval(values[repr(args)])

    space = {**names, "__name__": "properties", order["entry"]: table}
    state = "unknown"
    for args, _ in order["examples"]:
        try:
            exec(compile(one["source"], "<property>", "exec"), space)
            space[one["name"]].hypothesis.inner_test(*ast.literal_eval(args))
            state = "held"
        except AssertionError as error:
            return {"state": "violated", "arguments": args, "error": said(error)}
        except (Exception, Unknown):  # noqa: BLE001 - code of others
            continue
    return {"state": state}


def main() -> None:
    text = sys.stdin.read()
    order = json.loads(text)
    mark = f"{MARK}{hashlib.sha256(text.encode()).hexdigest()}: "
    out = sys.stdout
    sys.stdout = io.StringIO()  # what the program prints is of no interest

    def tell(result: dict[str, Any]) -> None:
        out.write(f"\n{mark}{json.dumps(result)}\n")
        out.flush()

    def late(number: int, frame: object) -> None:
        raise Late

    try:
        from hypothesis import HealthCheck, Phase, settings
    except ImportError:
        tell({"state": "missing"})
        return
    settings.register_profile(
        "assay",
        max_examples=order["count"],
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if order["shrink"] else [])],
        database=None,
        deadline=None,
        derandomize=True,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("assay")
    signal.signal(signal.SIGVTALRM, late)
    for code in order.get("programs", [""]):
        for one in order["properties"]:
            signal.setitimer(signal.ITIMER_VIRTUAL, order["seconds"])
            try:
                work = on_examples if "examples" in order else check
                result = work(one, order, load(code))
            except Late:
                result = {"state": "unfinished"}
            except Exception as error:  # noqa: BLE001 - code of others
                result = {"state": "broken", "error": said(error)}
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            tell(result)
