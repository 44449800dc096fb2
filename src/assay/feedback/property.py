"""Properties of any right answer, written by the model, checked, and run with Hypothesis.

Property-Generated Solver (He et al. 2025, "Use Property-Based Testing to Bridge LLM Code
Generation and Validation"): a property predicts no output, so it need not share the program's
mistake. A violation is shown by its smallest input.
"""

import ast
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeGuard, get_args

from assay.candidate.extract import blocks
from assay.feedback import Attempt, Feedback
from assay.feedback.mutants import mutants
from assay.feedback.programs import job, records
from assay.feedback.shorten import clip, inline, lines_of
from assay.feedback.steps import Steps, ask, execute
from assay.model.prompter import Prompter
from assay.problem import Call, Problem
from assay.problem.inputs import arguments
from assay.sandbox import Job, Run

SOURCE = "property"
MARK = "assay property: "
COUNT = 5
"""Properties that are asked for."""
MUTANTS = 16
INPUTS = 50
"""Inputs for each property; Hypothesis then makes a failing one smaller."""
SECONDS = 0.7
"""Of CPU for each property on each program."""
MOST_SECONDS = 8.0
"""Of CPU for all of them on all mutants."""
LONGEST = 20_000
"""Characters of a reply that is read."""
SHOWN = 2
"""Violations that are shown."""
MISSING = "Hypothesis is not there; get it with: pip install 'assay[analyse]'"

State = Literal["held", "violated", "broken", "unfinished", "unknown", "missing"]
OPEN = ("unfinished", "missing")
"""States that say nothing of the program: the run failed, was cut off, or never began."""


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    meaning: str
    """What it says in words, as its author put it."""
    source: str
    """Its test function, and what that needs."""
    shown: str
    """The function alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a property did on one program."""

    state: State
    arguments: str = ""
    """The smallest input that violates it."""
    calls: tuple[str, ...] = ()
    """What the program gave."""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A property after its own trial."""

    claim: Property
    finding: Finding
    """On the candidate."""
    dropped: str
    """Why it is not to be trusted; empty where it is, or where that is not known."""
    unchecked: str = ""
    """Why it could not be checked; empty where it was."""

    @property
    def violated(self) -> bool:
        return self.finding.state == "violated" and not self.dropped and not self.unchecked


def property_(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The source: shows which properties the program breaks, as advice."""
    code = attempt.candidate.code
    if code is None or not attempt.measured or not fits(problem):
        return None
    written = yield from write_properties(problem, prompter)
    checked = yield from check(problem, code, written)
    return verdict(checked)


def verdict(checked: Sequence[Checked]) -> Feedback:
    """What is violated, as advice; its message is empty where nothing is."""
    violated = [one for one in checked if one.violated]
    return Feedback(
        source=SOURCE,
        message="\n\n".join(map(about, violated[:SHOWN])),
        note=summary(checked),
    )


def violates(feedback: Feedback) -> bool:
    """Whether a property's violation is part of what was said of a program."""
    return bool(feedback.message) and SOURCE in feedback.source.split("+")


def fits(problem: Problem) -> bool:
    return problem.language == "python" and (problem.entry_point or "").isidentifier()


def summary(checked: Sequence[Checked]) -> str:
    """For a person: how many were kept, and why the others were not."""
    if any(one.finding.state == "missing" for one in checked):
        return MISSING
    doubts = [(one.claim.name, one.dropped or one.unchecked) for one in checked]
    reasons = [f"{name}: {why}" for name, why in doubts if why]
    kept = len(checked) - len(reasons)
    return "; ".join([f"{kept} of {len(checked)} properties kept", *reasons])


def about(checked: Checked) -> str:
    """One paragraph: the property, its smallest counterexample, what the program gave."""
    one, finding = checked.claim, checked.finding
    lines = [
        f"A property that should hold for every input is violated: {one.meaning}",
        *(f"    {line}" for line in one.shown.splitlines() if line.strip()),
        f"It fails for: {inline(finding.arguments)}",
        *map(inline, finding.calls[:3]),
        inline(finding.error),
        "(A model wrote this property; it may be wrong.)",
    ]
    return lines_of("\n".join(line for line in lines if line.strip()))


def write_properties(problem: Problem, prompter: Prompter) -> Steps[list[Property]]:
    """Asks for them; the same prompt for every attempt at a problem."""
    asked = prompter.text("properties", problem=problem, count=COUNT)
    replies = yield from ask([prompter.prompt(prompter.first(asked, problem=problem))])
    return split(replies[0].text, problem.entry_point or "") if replies else []


def split(reply: str, entry: str) -> list[Property]:
    """The test functions of a reply, each with the imports and helpers beside it. Definitions of
    the function that is to be checked, and what sets Hypothesis up, are left out."""
    found = [code for _, code in blocks(reply[:LONGEST])] or [reply[:LONGEST]]
    try:
        body = [node for code in found for node in ast.parse(code).body]
        common = [node for node in body if not is_test(node) and is_helper(node, entry)]
        tests = {node.name: node for node in body if is_test(node)}
        return [made(node, common) for node in tests.values()][:COUNT]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def is_test(node: ast.stmt) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and any(
        "given" in ast.unparse(decorator).partition("(")[0] for decorator in node.decorator_list
    )


def is_helper(node: ast.stmt, entry: str) -> bool:
    """An import, a function, a class or a constant; nothing that only runs something."""
    match node:
        case ast.ImportFrom(names=names):
            return all(name.name != entry for name in names)
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name != entry and not name.startswith("test")
        case ast.Import() | ast.Assign() | ast.AnnAssign():
            return True
        case _:
            return False


def made(node: ast.FunctionDef, common: Sequence[ast.stmt]) -> Property:
    node.decorator_list = [d for d in node.decorator_list if "settings" not in ast.unparse(d)]
    meaning = (ast.get_docstring(node) or node.name.replace("_", " ")).partition("\n")[0]
    source = "\n".join(map(ast.unparse, [*common, node]))
    node.decorator_list = []
    if ast.get_docstring(node) and len(node.body) > 1:
        node.body = node.body[1:]
    return Property(node.name, lines_of(clip(meaning)), source, ast.unparse(node))


def check(problem: Problem, code: str, written: Sequence[Property]) -> Steps[list[Checked]]:
    """Each property on the visible examples and on the program, then on mutants of that.

    A property is dropped where an example violates it, where it cannot be run, where nothing
    satisfies it, and where no mutant violates it: such a one says nothing. Where a run failed or
    was cut off before that is known, the property is `unchecked`, and neither held nor violated.
    """
    if not written:
        return []
    [mine] = yield from findings(problem, {"programs": [code]}, written)
    [examples] = yield from findings(problem, {"examples": examples_of(problem)}, written)
    rows = zip(written, mine, examples, strict=True)
    checked = [doubt(claim, *pair) for claim, *pair in rows]
    alive = [at for at, one in enumerate(checked) if not one.dropped and not one.unchecked]
    if alive and (changed := mutants(code, MUTANTS)):
        kept = [written[at] for at in alive]
        others = yield from findings(problem, {"programs": changed}, kept, shrink=False)
    else:
        others = []
    for place, at in enumerate(alive):
        states = [row[place] for row in others]
        checked[at] = valued(checked[at], examples[at], states)
    return checked


def findings(
    problem: Problem, order: dict[str, Any], written: Sequence[Property], *, shrink: bool = True
) -> Steps[list[list[Finding]]]:
    """For each program of the order, or for the examples, what every property did."""
    rows = len(order.get("programs", [""]))
    wanted = trial(problem, order | {"shrink": shrink}, written, rows)
    [run] = yield from execute([wanted])
    found = read(run, mark_of(wanted), rows * len(written))
    return [found[at * len(written) : (at + 1) * len(written)] for at in range(rows)]


def doubt(claim: Property, mine: Finding, on_examples: Finding) -> Checked:
    """What the examples and the program say of a property."""
    dropped = unchecked = ""
    if on_examples.state == "violated":
        dropped = "a visible example violates it"
    elif mine.state in OPEN or on_examples.state in OPEN:
        unchecked = "its check failed or was not finished"
    elif mine.state not in ("held", "violated"):
        dropped = f"it cannot be run ({mine.error or mine.state})"
    return Checked(claim=claim, finding=mine, dropped=dropped, unchecked=unchecked)


def valued(checked: Checked, on_examples: Finding, others: Sequence[Finding]) -> Checked:
    """With what mutants say of it. An error that a mutant raises is seen without any property, so
    only an assertion counts."""
    if checked.finding.state == "held":
        told = any(one.state == "violated" and "AssertionError" in one.error for one in others)
        why = "no mutant violates it"
    else:
        told = any(one.state == "held" for one in (on_examples, *others))
        why = "nothing satisfies it"
    if told:
        return checked
    if others and all(one.state in OPEN for one in others):
        return replace(checked, unchecked="no mutant was finished")
    return replace(checked, dropped=why)


def examples_of(problem: Problem) -> list[tuple[str, str]]:
    """Arguments and value of the visible tests that call the function with plain values."""
    found: list[tuple[str, str]] = []
    for test in problem.tests:
        args = arguments(problem, test)
        if args is None or not isinstance(test, Call) or test.expected is None:
            continue
        try:
            found.append((repr(tuple(args)), repr(ast.literal_eval(test.expected))))
        except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
            continue
    return found


def trial(problem: Problem, order: dict[str, Any], written: Sequence[Property], rows: int) -> Job:
    """The properties on so many programs (or on the examples), each within its time."""
    order = order | {
        "entry": problem.entry_point,
        "properties": [{"name": one.name, "source": one.source} for one in written],
        "count": INPUTS,
        "seconds": SECONDS,
    }
    seconds = min(MOST_SECONDS, SECONDS * (rows * len(written) + 1))
    limits = replace(
        problem.limits,
        cpu_seconds=seconds,
        wall_seconds=3 * seconds,
        memory_mb=problem.limits.memory_mb + 128,
    )
    return job("properties", order, limits)


def mark_of(wanted: Job) -> str:
    """What begins each line of a finding: a digest of the order. A program is part of the order,
    so it cannot hold it, and a line that it prints of itself is not read.

    This keeps out forged lines, not an attack: the program shares the process, and one that
    searches its frames for the mark, or changes what Hypothesis does, can say what it likes.
    """
    return f"{MARK}{hashlib.sha256(wanted.stdin.encode()).hexdigest()}: "


def read(run: Run | None, mark: str, count: int) -> list[Finding]:
    """One finding a property, `unfinished` where there is none. More lines than were asked for
    are not ours alone, and none of them is believed."""
    found = [finding_in(record) for record in records(run, mark)]
    if found and found[0].state == "missing":
        found *= count
    elif len(found) > count:
        found = []
    return [*found[:count], *[Finding(state="unfinished")] * (count - len(found))]


def finding_in(record: dict[str, Any]) -> Finding:
    state: Any = record.get("state")
    calls = record.get("calls", [])
    known = isinstance(state, str) and state in get_args(State)
    if not known or not isinstance(calls, list):
        return Finding(state="broken")
    more = {name: str(record.get(name, "")) for name in ("arguments", "error")}
    return Finding(state=state, calls=tuple(map(str, calls)), **more)
