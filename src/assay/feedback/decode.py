"""From what the tracer said to `Traced`. It was in the candidate's hands: only what is well
formed is taken, and only as text and numbers."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.feedback.layout import Layout
from assay.feedback.programs import number, records, text, texts
from assay.feedback.traced import BlockRun, Called, Step
from assay.sandbox import Run

MOST_STEPS = 3_000
MOST_CALLS = 60


@dataclass(slots=True)
class Told:
    steps: list[Step] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    kind: str | None = None
    """How it ended: `returned`, `raised`, `stopped`, `exited`; `None` where it did not say."""
    value: str | None = None
    lines: int = 0
    more_calls: int = 0


def told(run: Run, layout: Layout) -> Told:
    """What one run of the tracer said; of a script only of its last call."""
    found = Told()
    steps: dict[int, Step] = {}
    for record in records(run):
        if record.get("restart") is True:
            steps, found = {}, Told()
        step = step_of(record.get("step"), layout)
        if step is not None and len(steps) < MOST_STEPS:
            steps[step.number] = step
        call = call_of(record.get("call"))
        if call is not None and len(found.calls) < MOST_CALLS:
            found.calls.append(call)
        if type(end := record.get("end")) is dict:
            found.kind, found.value = text(end.get("kind"), 20), text(end.get("value"))
            found.lines = number(end.get("lines")) or 0
            found.more_calls = number(end.get("more_calls")) or 0
    found.steps = [steps[n] for n in sorted(steps)]
    found.lines = max([found.lines, *steps])
    return found


def step_of(data: Any, layout: Layout) -> Step | None:
    if type(data) is not dict:
        return None
    n, depth, frame = (number(data.get(key)) for key in ("n", "depth", "frame"))
    line, name = number(data.get("line"), len(layout.lines)), text(data.get("in"), 80)
    if n is None or depth is None or frame is None or not line or name is None:
        return None
    if layout.statement.get(line, line) in layout.silent:
        return None
    return Step(
        number=n,
        line=line,
        function=name.replace("<locals>.", ""),
        depth=depth,
        frame=frame,
        before=texts(data.get("before")),
        changed=texts(data.get("changed")),
        raised=text(data.get("raised")),
    )


def call_of(data: Any) -> Called | None:
    if type(data) is not dict:
        return None
    name, arguments = text(data.get("name"), 80), text(data.get("args"))
    depth = number(data.get("depth"), 10_000)
    if name is None or arguments is None or depth is None:
        return None
    return Called(
        name=name.replace("<locals>.", ""),
        arguments=arguments,
        depth=depth,
        result=text(data.get("result")),
        raised=text(data.get("raised")),
    )


def blocks_of(steps: Sequence[Step], layout: Layout) -> tuple[BlockRun, ...]:
    """Steps of one call that follow one another in one basic block, as runs of that block."""
    groups: list[list[Step]] = []
    open_: dict[int, list[Step]] = {}
    for step in steps:
        group = open_.get(step.frame)
        if group and continues(group[-1], step, layout):
            group.append(step)
        else:
            open_[step.frame] = group = [step]
            groups.append(group)
    gaps = left_out(steps)
    return tuple(
        block_run(group, gaps[group[0].number], layout)
        for group in groups
        if block_number(group[0], layout) is not None
    )


def continues(last: Step, step: Step, layout: Layout) -> bool:
    same = block_number(last, layout) == block_number(step, layout)
    return same and last.line < step.line and not last.raised


def block_number(step: Step, layout: Layout) -> int | None:
    return layout.block.get(layout.statement.get(step.line, step.line))


def left_out(steps: Sequence[Step]) -> Counter[int]:
    """Number of a step to how many lines ran, unseen, just before it."""
    gaps: Counter[int] = Counter()
    last = 0
    for step in steps:
        gaps[step.number] = step.number - last - 1
        last = step.number
    return gaps


def block_run(group: Sequence[Step], gap: int, layout: Layout) -> BlockRun:
    first = {layout.statement.get(step.line, step.line) for step in group}
    lines = tuple(n for n in sorted(layout.statement) if layout.statement[n] in first)
    after = {name: value for step in group for name, value in step.changed.items()}
    return BlockRun(
        number=block_number(group[0], layout) or 0,
        function=group[0].function,
        lines=lines,
        source=textwrap.dedent("\n".join(layout.source(line) for line in lines)),
        before=group[0].before,
        after=after,
        raised=group[-1].raised,
        left_out=gap,
    )
