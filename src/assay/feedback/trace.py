"""What a failing call did, line by line, with the values of its variables.

The runtime information of LDB (Zhong et al. 2024, "Debug like a Human"), of lines or of basic
blocks, and the lines to look at first (`suspects`).
"""

from collections.abc import Iterator, Sequence

from assay.feedback import Attempt, Feedback
from assay.feedback.cases import failing_case, first_failing, title, traceable
from assay.feedback.decode import Told, blocks_of, left_out, told
from assay.feedback.layout import Layout, layout
from assay.feedback.programs import job
from assay.feedback.shorten import clip, inline, pair
from assay.feedback.steps import Steps, execute
from assay.feedback.suspects import rank, rows, spans, spectrum_job
from assay.feedback.traced import Step, Traced
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.sandbox import Run, Verdict

MOST = 50_000
"""Lines of the traced call; what runs longer is stopped there."""
SHARE = 0.5
"""Of the CPU time of a test, for the traced call."""
SHOWN = 24
"""Lines in the text; LDB shows 30."""
CALLS = 8
WIDTH = 72
TEXT = 1500
"""Characters of the lines: beside the tests' message they must fit into a prompt."""
ROUNDS = ((3, 3), (2, 2), (2, 1), (1, 1), (1, 0))
"""First and last times that a line is shown, tried until all fits."""


def trace(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The source: the first failing visible test, traced (two runs)."""
    del prompter
    found = yield from blocks(problem, attempt)
    if found is None:
        return None
    made = layout(attempt.candidate.code or "")
    assert made is not None  # it was traced
    parts = ["\n".join(lines(found, made)), "\n".join(helpers(found))]
    if found.suspects:
        parts.insert(0, "\n".join(suspicion(found, made)))
    return Feedback(source="trace", message="\n\n".join(filter(None, parts)), spans=found.suspects)


def blocks(problem: Problem, attempt: Attempt) -> Steps[Traced | None]:
    """The first failing visible test, traced in the sandbox, and the lines to look at first.

    Costs two runs: the traced call, and a count of lines over the visible tests. `None` where
    there is nothing to trace: no code, no Python, no test that failed with a call or an input of
    its own, or a run that failed. Never raises for what a candidate does.
    """
    found = first_failing(problem, attempt) if traceable(problem, attempt) else None
    made = layout(attempt.candidate.code or "")
    if found is None or made is None:
        return None
    test, verdict = found
    case = failing_case(attempt, test, verdict)
    order = {
        "code": attempt.candidate.code,
        "case": case,
        "most": MOST,
        "seconds": SHARE * problem.limits.cpu_seconds,
    }
    spectrum, failed = spectrum_job(problem, attempt)
    run, counts = yield from execute([job("tracer", order, problem.limits), spectrum])
    if run is None:
        return None
    heard = told(run, made)
    if not heard.steps:
        return None
    endless = heard.kind in (None, "stopped")
    ranked = rank(rows(counts, failed, made), heard.steps, made, endless)
    return Traced(
        test=test.id,
        call=title(case),
        ended="\n".join(ending(heard, run, verdict, made)),
        steps=tuple(heard.steps),
        blocks=blocks_of(heard.steps, made),
        calls=tuple(heard.calls),
        lines_run=heard.lines,
        suspects=spans(ranked),
    )


def ending(heard: Told, run: Run, verdict: Verdict, made: Layout) -> Iterator[str]:
    """What came of it; the judge's word on values goes before the candidate's."""
    detail = verdict.detail
    last = heard.steps[-1]
    match heard.kind:
        case "returned" if detail.actual is not None and detail.expected is not None:
            expected, actual = pair(detail.expected, detail.actual)
            yield f"It gave {actual}, expected {expected}."
        case "returned":
            yield f"It gave {clip(heard.value or 'None')}{wanted(verdict)}."
        case "raised":
            at = next((step for step in reversed(heard.steps) if step.raised), last)
            yield f"It raised {heard.value} at line {at.line}{wanted(verdict)}."
        case "stopped":
            around = " ".join(str(step.line) for step in heard.steps[-8:])
            yield f"It had not ended after {heard.lines} lines. The last lines: {around}."
        case "exited":
            yield f"It ended the process by {heard.value} at line {last.line}."
        case _:
            line = run.detail.line if run.outcome == "timeout" else None
            line = line if line is not None and line <= len(made.lines) else last.line
            what = "It was stopped" if run.outcome == "timeout" else "The process ended"
            yield f"{what} at line {line}: {inline(made.source(line))}"


def wanted(verdict: Verdict) -> str:
    return f", expected {clip(verdict.detail.expected)}" if verdict.detail.expected else ""


def suspicion(found: Traced, made: Layout) -> Iterator[str]:
    yield "Look first at these lines (run by what fails more than by what passes):"
    for span in found.suspects:
        yield f"  line {span.line}: {inline(made.source(span.line), WIDTH)}"


def lines(found: Traced, made: Layout) -> Iterator[str]:
    yield f"Trace of {clip(found.call)}, each line with what it changed:"
    if arguments := found.steps[0].before:
        yield "  starts with " + clip(values(arguments), 2 * WIDTH)
    for shown in chosen(found.steps):
        body = list(listing(found, shown, made))
        if len(shown) <= SHOWN and sum(map(len, body)) <= TEXT:
            break
    yield from body
    yield found.ended


def listing(found: Traced, shown: Sequence[Step], made: Layout) -> Iterator[str]:
    gaps = left_out(shown)
    for step in shown:
        if gaps[step.number]:
            yield f"  … {gaps[step.number]} more lines ran …"
        indent = "  " * min(step.depth, 5)
        said = values(step.changed)
        if step.raised:
            said = f"raised {step.raised}" + (f"; {said}" if said else "")
        note = f"  # {clip(said, WIDTH)}" if said else ""
        yield f"  {step.line}: {indent}{inline(made.source(step.line), WIDTH)}{note}"
    if (rest := found.lines_run - shown[-1].number) > 0:
        yield f"  … {rest} more lines ran …"


def values(known: object) -> str:
    pairs = known.items() if isinstance(known, dict) else ()
    return ", ".join(f"{name} = {value}" for name, value in pairs)


def chosen(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Of each line the first and the last times, fewer and fewer; then the ends of the last."""
    places: dict[int, list[int]] = {}
    for step in steps:
        places.setdefault(step.line, []).append(step.number)
    kept: list[Step] = []
    for first, last in ROUNDS:
        numbers = {
            n for all_ in places.values() for n in [*all_[:first], *all_[len(all_) - last :]]
        }
        kept = [step for step in steps if step.number in numbers]
        yield kept
    for size in (SHOWN // 2, SHOWN // 3, SHOWN // 6):
        yield [*kept[:size], *kept[max(size, len(kept) - size) :]]


def helpers(found: Traced) -> Iterator[str]:
    """The calls inside of the traced one, as a tree."""
    inner = [call for call in found.calls if call.depth > 0]
    if not inner:
        return
    yield "Calls inside it:"
    shown = inner if len(inner) <= CALLS else [*inner[: CALLS - 3], None, *inner[-3:]]
    for call in shown:
        if call is None:
            yield "  …"
            continue
        result = f"raised {call.raised}" if call.raised else f"gave {call.result}"
        if call.raised is None and call.result is None:
            result = "did not end"
        text = clip(f"{call.name}({call.arguments}) {result}", WIDTH)
        yield "  " * min(call.depth, 6) + text
