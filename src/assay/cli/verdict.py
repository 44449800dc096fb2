"""A run as a person sees it: the verdict first, then its evidence, made for 80 columns.

Whatever a program wrote is shown with its control characters spelled out, behind a bar: it can
neither move the cursor nor pass for a line of ours.
"""

from collections.abc import Iterator

from assay.feedback.shorten import visible
from assay.sandbox import Detail, Isolation, Run, Verdict

BAR = "  │ "
SHOWN_LINES = 40
"""Longer output is cut in its middle; `--json` has all of it."""
SHOWN_CHARACTERS = 4000
WIDTH = 80
COLORS = {"passed": "green", "skipped": "yellow"}
MARKS = {"passed": "✓", "skipped": "-"}
Line = tuple[str, str]
"""A text and its style."""


def show(run: Run, io: bool = False) -> None:
    """Prints it on stdout. `io`: the tests gave input to the whole program."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    width = console.width if console.is_terminal else None
    for text, style in lines_of(run, io, width):
        console.print(Text(text, style=style), soft_wrap=True)


def lines_of(run: Run, io: bool, terminal: int | None) -> Iterator[Line]:
    """`terminal`: its columns; elsewhere lines of the program's output are not broken."""
    width = terminal or WIDTH
    yield headline(run), f"bold {COLORS.get(run.outcome, 'red')}"
    if run.flaky:
        yield "  flaky: a rerun gave another outcome", "bold yellow"
    evidence = [*(diagnostics(run, width - 2) if run.diagnostics else facts(run, width - 2))]
    yield from ((f"  {text}", "") for text in evidence)
    for found in run.verdicts:
        yield from about(found, run, width)
    if not io:  # else each test shows what it printed
        yield from stream("stdout", run.stdout, terminal)
    yield from stream("stderr of the last test" if io else "stderr", run.stderr, terminal)
    yield from footer(run)


def headline(run: Run) -> str:
    mark = MARKS.get(run.outcome, "✗")
    if run.verdicts:
        passed = sum(found.outcome == "passed" for found in run.verdicts)
        return f"{mark} {run.outcome}: {passed} of {len(run.verdicts)} tests passed"
    return one_line(f"{mark} {run.outcome}: {reason(run.outcome, run.detail)}", 400)


def reason(outcome: str, detail: Detail) -> str:
    """Why, in one line."""
    raised = ": ".join(part for part in (detail.exception, detail.message) if part)
    match outcome:
        case "passed":
            return "ended by itself with status 0"
        case "timeout":
            return f"did not end within {detail.limit}"
        case "memory" | "output":
            return f"more than {detail.limit}"
        case "killed":
            return detail.message or detail.signal or "by a signal"
        case "denied":
            return f"the sandbox refused it: {detail.denied or detail.signal}"
        case "raised" if detail.exception == "SystemExit":
            return detail.message or "ended early"
        case _:
            return raised or "no reason is known"


def diagnostics(run: Run, width: int) -> Iterator[str]:
    for each in run.diagnostics:
        if each.message not in headline(run):
            yield one_line(each.message, 400)
        if each.line is not None:
            source = each.source or ""
            indent = len(source) - len(source.lstrip())
            column = max(1, each.column - indent) if each.column is not None else None
            yield from pointed(each.line, source.strip(), column, width)


def facts(run: Run, width: int) -> Iterator[str]:
    """What the headline does not say, and the place."""
    detail = run.detail
    if run.verdicts and detail == Detail():
        return
    if detail.exception and run.outcome != "raised":
        yield one_line(": ".join(x for x in (detail.exception, detail.message) if x), 400)
    if detail.line is not None:
        yield from pointed(detail.line, detail.source or "", detail.column, width)


def pointed(line: int, source: str, column: int | None, width: int) -> Iterator[str]:
    """A line of the program and a caret below the place; a long one is cut around it."""
    from rich.cells import cell_len

    label, source = f"line {line}: ", source.replace("\t", " ")
    room = max(20, width - len(label))
    start = 0
    if len(source) > room:
        start = min(max(0, (column or 1) - 1 - room // 2), len(source) - room)
    before = safe(source[start : (column or 1) - 1])
    yield label + safe(source[start : start + room])
    if column is not None:
        yield " " * (len(label) + cell_len(before)) + "^"


def about(found: Verdict, run: Run, width: int) -> Iterator[Line]:
    """A test: one line where it passed, else what is known of it."""
    mark = MARKS.get(found.outcome, "✗")
    marks = [found.outcome, "in-process" * (found.judging == "in-process"), "flaky" * found.flaky]
    style = COLORS.get(found.outcome, "red")
    said = "  ".join(part for part in marks if part)
    yield f"{mark} {one_line(found.test, width - 4 - len(said))}  {said}", style
    if found.outcome == "passed" or (run.diagnostics and found.detail == run.detail):
        return
    yield from ((f"    {text}", "") for text in told(found, width - 4))


def told(found: Verdict, width: int) -> Iterator[str]:
    detail, rows = found.detail, [("call", found.detail.call), ("expected", found.detail.expected)]
    if found.outcome == "wrong":
        rows.append(("actual", detail.actual))
        rows.append(("message", detail.message if detail.actual is None else None))
    else:
        rows.append(("because", reason(found.outcome, detail)))
        if found.outcome == "denied":
            rows.append(("message", detail.message))
    rows.append(("printed", detail.stdout or None))
    for name, value in rows:
        if value is not None:
            yield f"{name:<9} {one_line(value, max(40, 3 * width))}"
    if detail.line is not None:
        yield from pointed(detail.line, detail.source or "", detail.column, width)


def chop_cells(text: str, width: int) -> list[str]:
    """Parts of at most so many columns of a terminal."""
    from rich.cells import chop_cells as chopped

    return chopped(text, width) or [""]


def stream(name: str, text: str, terminal: int | None) -> Iterator[Line]:
    if not text:
        return
    size = len(text.encode("utf-8", "backslashreplace"))
    lines = text.removesuffix("\n").split("\n")
    counted = f"{len(lines)} line{'s' * (len(lines) > 1)}, {size:,} bytes"
    yield f"{name} ({counted}):", "bold"
    for line in middle_out(lines):
        if terminal is None:
            yield BAR + clip(safe(line), SHOWN_CHARACTERS), ""
            continue
        # Broken here, so that no part of it stands at the beginning of a line.
        room = max(20, terminal - len(BAR))
        yield from (
            (BAR + part, "") for part in chop_cells(clip(safe(line.expandtabs()), 3 * room), room)
        )


def middle_out(lines: list[str]) -> list[str]:
    """The first and the last lines."""
    half = SHOWN_LINES // 2
    if len(lines) > SHOWN_LINES:
        left_out = f"[... {len(lines) - 2 * half} more lines ...]"
        return [*lines[:half], left_out, *lines[-half:]]
    return lines


def footer(run: Run) -> Iterator[Line]:
    yield f"isolation  {enforced(run.isolation)}", "" if safe_tier(run.isolation) else "bold red"
    if run.verdicts:
        isolated = run.judging == "isolated"
        where = "isolated, in another process" if isolated else "in-process, where it can be forged"
        yield f"judged     {where}", "" if isolated else "yellow"
    peak = f", {run.peak_bytes / 1e6:.1f} MB at most" if run.peak_bytes is not None else ""
    yield f"used       {run.cpu_seconds:.2f} s CPU, {run.wall_seconds:.2f} s wall{peak}", ""


def safe_tier(isolation: Isolation) -> bool:
    return isolation.tier != "unsafe"


def enforced(isolation: Isolation) -> str:
    names = ("filesystem", "network", "processes", "memory")
    kept = [name for name in names if getattr(isolation, name)]
    if not safe_tier(isolation):
        return "UNSAFE: none; it ran with your rights"
    return f"{isolation.tier} ({', '.join(kept)})"


def safe(text: str) -> str:
    """What a terminal would act upon, spelled out: escapes, bells, text that runs backwards."""
    return "\t".join(map(visible, text.split("\t")))


def one_line(text: str, width: int) -> str:
    return clip(safe(text.rstrip("\n")), width)


def clip(text: str, width: int) -> str:
    """At most about `width` characters: the beginning and the end, and the size."""
    if len(text) <= width:
        return text
    note = f" [... {len(text):,} characters ...] "
    half = max(1, (width - len(note)) // 2)
    return text[:half] + note + text[-half:]
