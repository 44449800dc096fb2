"""A double: a sandbox that fails now and then, to see that no failure becomes a verdict."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from typing import Any, Literal, get_args

from assay.errors import SandboxError
from assay.sandbox import Isolation, Job, Run, Sandbox

Fault = Literal["error", "hang", "nothing", "no run", "another's run", "short"]
"""Fails; does not answer in time; gives no run, something else than a run, the run of the job
before, or one with a verdict too few."""
FAULTS: tuple[Fault, ...] = get_args(Fault)


class Faulty:
    """Passes jobs on, but for a share `rate` of them. Which, and how, goes by `seed`, the job and
    how often it came, not by the order of arrival."""

    def __init__(
        self,
        sandbox: Sandbox,
        rate: float = 0.1,
        seed: int = 0,
        patience: float = 0.05,
        kinds: tuple[Fault, ...] = FAULTS,
    ) -> None:
        """`patience`: seconds until a job that hangs is given up."""
        self._sandbox, self._rate, self._seed = sandbox, rate, seed
        self._patience, self._kinds = patience, kinds
        self._seen: Counter[Job] = Counter()
        self._before: Any = None
        self.faults: list[tuple[Job, Fault]] = []
        """What went wrong so far."""

    @property
    def isolation(self) -> Isolation:
        return self._sandbox.isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        """Raises `SandboxError`, and gives what is no run."""
        given: list[Run] = []
        for job in jobs:
            given += await self._one(job)
        return given

    async def close(self) -> None:
        await self._sandbox.close()

    async def _one(self, job: Job) -> list[Any]:
        self._seen[job] += 1
        chance = random.Random(f"{self._seed} {self._seen[job]} {job!r}")
        if chance.random() >= self._rate:
            [run] = await self._sandbox.run([job])
            self._before = run
            return [run]
        kind = chance.choice(self._kinds)
        self.faults.append((job, kind))
        match kind:
            case "error":
                raise SandboxError("a fault: it broke")
            case "hang":
                await asyncio.sleep(self._patience)
                raise SandboxError("a fault: no answer in time")
            case "nothing":
                return []
            case "no run":
                return [chance.choice([None, {}, "passed", {"outcome": "passed"}, job])]
            case "another's run":
                return [self._before]
            case "short":
                [run] = await self._sandbox.run([job])
                return [shortened(run)]


def shortened(run: Run) -> Any:
    """With a verdict too few, and a pass: what a cut answer may look like."""
    return replace(run, verdicts=run.verdicts[:-1], outcome="passed") if run.verdicts else None


_: type[Sandbox] = Faulty
