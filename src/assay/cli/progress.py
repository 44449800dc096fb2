"""What a long command is doing, in one line."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from assay.cli.labels import plural
from assay.feedback.shorten import head
from assay.model import Completion, Model, Prompt
from assay.problem import Problem, Test
from assay.sandbox import Isolation, Job, Run, Sandbox
from assay.search.driver import Parties

WIDTH = 76
"""Of the line, beside what moves."""


class Counted(Protocol):
    asked: int
    """Prompts without a reply yet."""
    spent: int
    """Tokens."""


@dataclass(slots=True)
class Work:
    """So many things of one kind, done one by one or several at a time."""

    total: int
    what: str = "problem"
    done: int = 0
    before: int = 0
    """Of `done`: by an earlier process, which says nothing about the pace."""
    asked: int = 0
    spent: int = 0
    start: float = field(default_factory=time.monotonic)

    def step(self, more: int = 1) -> None:
        self.done += more

    def line(self) -> str:
        parts = (
            clock(time.monotonic() - self.start),
            f"{self.done:,} of {plural(self.total, self.what)} done",
            f"{self.spent:,} tokens" if self.spent or self.asked else "",
            f"{plural(self.asked, 'call')} in flight" if self.asked else "",
            self.left(),
        )
        return head("  ".join(filter(None, parts)), WIDTH)

    def left(self) -> str:
        """At the pace so far; nothing where none is known."""
        mine, open_ = self.done - self.before, self.total - self.done
        if not mine or not open_:
            return ""
        return f"about {clock(open_ * (time.monotonic() - self.start) / mine)} left"


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass(slots=True)
class Progress:
    """Fed by the model and the sandbox that it stands in front of."""

    problems: Sequence[Problem]
    tokens: int | None
    """Of the budget of each problem."""
    done: int = 0
    asked: int = 0
    """Prompts without a reply yet."""
    tested: int = 0
    """Programs that run on visible tests now."""
    checked: int = 0
    """Other programs that run now."""
    spent: int = 0
    best: tuple[int, int] = (0, 0)
    """Visible tests passed, of how many."""
    seen: set[str] = field(default_factory=set)
    start: float = field(default_factory=time.monotonic)

    def watch(self, parties: Parties) -> Parties:
        model, sandbox = WatchedModel(parties.model, self), WatchedSandbox(parties.sandbox, self)
        return replace(parties, model=model, sandbox=sandbox)

    def visible(self, tests: tuple[Test, ...]) -> bool:
        return any(tests == problem.tests for problem in self.problems)

    def line(self) -> str:
        """Most telling first, as it is cut to `WIDTH`."""
        one = len(self.problems) == 1
        of = f" of {self.tokens:,}" if one and self.tokens is not None else ""
        parts = (
            clock(time.monotonic() - self.start),
            self.waiting(),
            "" if one else f"{self.done} of {len(self.problems)} problems done",
            plural(len(self.seen), "program"),
            f"best {self.best[0]}/{self.best[1]} tests" if one and self.best[1] else "",
            f"{self.spent:,}{of} tokens",
        )
        return head("  ".join(filter(None, parts)), WIDTH)

    def waiting(self) -> str:
        if self.asked:
            return "model writes"
        return "tests run" if self.tested else "checking" if self.checked else "working"


class WatchedModel:
    def __init__(self, model: Model, progress: Counted) -> None:
        self._model, self._progress = model, progress

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        self._progress.asked += len(prompts)
        try:
            completions = await self._model.complete(prompts)
        finally:
            self._progress.asked -= len(prompts)
        for completion in completions:
            usage = completion.usage
            self._progress.spent += usage.prompt_tokens + usage.completion_tokens
        return completions

    async def close(self) -> None:
        await self._model.close()


class WatchedSandbox:
    def __init__(self, sandbox: Sandbox, progress: Progress) -> None:
        self._sandbox, self._progress = sandbox, progress

    @property
    def isolation(self) -> Isolation:
        return self._sandbox.isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        progress = self._progress
        visible = [progress.visible(job.tests) for job in jobs]
        progress.tested += sum(visible)
        progress.checked += len(jobs) - sum(visible)
        try:
            runs = await self._sandbox.run(jobs)
        finally:
            progress.tested -= sum(visible)
            progress.checked -= len(jobs) - sum(visible)
        for job, run, tried in zip(jobs, runs, visible, strict=True):
            if tried:
                progress.seen.add(job.code)
                passed = sum(verdict.outcome == "passed" for verdict in run.verdicts)
                progress.best = max(progress.best, (passed, len(job.tests)))
        return runs

    async def close(self) -> None:
        await self._sandbox.close()


_: tuple[type[Model], type[Sandbox]] = (WatchedModel, WatchedSandbox)
