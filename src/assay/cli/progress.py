"""What a long solve is doing, in one line of a terminal."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from assay.feedback.shorten import head
from assay.model import Completion, Model, Prompt
from assay.problem import Problem, Test
from assay.sandbox import Isolation, Job, Run, Sandbox
from assay.search.driver import Parties

WIDTH = 76
"""Of the line, beside what moves."""


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
        seconds = int(time.monotonic() - self.start)
        one = len(self.problems) == 1
        of = f" of {self.tokens:,}" if one and self.tokens is not None else ""
        parts = (
            f"{seconds // 60}:{seconds % 60:02}",
            self.waiting(),
            "" if one else f"{self.done} of {len(self.problems)} problems done",
            f"{len(self.seen)} programs",
            f"best {self.best[0]}/{self.best[1]} tests" if one and self.best[1] else "",
            f"{self.spent:,}{of} tokens",
        )
        return head("  ".join(filter(None, parts)), WIDTH)

    def waiting(self) -> str:
        if self.asked:
            return "model writes"
        return "tests run" if self.tested else "checking" if self.checked else "working"


class WatchedModel:
    def __init__(self, model: Model, progress: Progress) -> None:
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
