"""In one word: how a problem ended in a cell."""

from dataclasses import dataclass
from typing import Any, Literal

from assay.bench import Result

Group = Literal["solved", "deceived", "failed", "empty", "open"]
"""What shares a colour; `open`: there is no verdict."""


@dataclass(frozen=True, slots=True)
class Kind:
    mark: str
    """One character that stands for it where there is no room for words."""
    group: Group
    text: str


KINDS = {
    "solved": Kind("✓", "solved", "passes the hidden tests"),
    "false_positive": Kind("!", "deceived", "passes the visible tests, fails the hidden ones"),
    "wrong": Kind("✗", "failed", "gives another value"),
    "raised": Kind("E", "failed", "raises an error"),
    "build_failed": Kind("B", "failed", "does not build"),
    "timeout": Kind("T", "failed", "runs out of time"),
    "memory": Kind("M", "failed", "runs out of memory"),
    "output": Kind("O", "failed", "prints too much"),
    "killed": Kind("K", "failed", "is killed by a signal"),
    "denied": Kind("D", "failed", "tries what the sandbox refuses"),
    "other": Kind("F", "failed", "fails the hidden tests, how is not known"),
    "no_program": Kind("∅", "empty", "no program was found in what the model wrote"),
    "unmeasured": Kind("?", "open", "not measured: no hidden verdict"),
    "unfinished": Kind("…", "open", "not finished: no result yet"),
}
"""By name. From `wrong` to `denied` it is the outcome of the hidden tests' run."""


def kind_of(result: Result | None, grade: dict[str, Any] | None) -> str:
    """The name of the `Kind`; `grade` is the run of the hidden tests, as the log has it."""
    if result is None:
        return "unfinished"
    if result.hidden is None:
        return "unmeasured"
    if result.hidden:
        return "solved"
    if result.code is None:
        return "no_program"
    if 0 < result.visible["total"] == result.visible["passed"]:
        return "false_positive"
    outcome = str(grade["outcome"]) if grade else "other"
    return outcome if outcome in KINDS and KINDS[outcome].group == "failed" else "other"
