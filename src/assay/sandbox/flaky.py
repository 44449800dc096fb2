"""Outcomes that a rerun does not repeat, marked: such a verdict is no ground for anything."""

from dataclasses import replace

from assay.sandbox import Job, Run, Sandbox


async def steady(sandbox: Sandbox, job: Job, runs: int = 2) -> Run:
    """The run of `job`; where it fails it is run again, up to `runs` times in all, and what
    differs is marked `flaky`. Outcomes and evidence are those of the first run.

    One after another, so that the reruns do not disturb each other. Raises `SandboxError`.
    """
    [first] = await sandbox.run([job])
    again: list[Run] = []
    while not first.passed and len(again) < runs - 1:
        again += await sandbox.run([job])
    return marked(first, again)


def marked(first: Run, again: list[Run]) -> Run:
    """`first`, with a mark on what another run of the same job gave otherwise."""
    verdicts = tuple(
        replace(verdict, flaky=any(run.verdicts[at].outcome != verdict.outcome for run in again))
        for at, verdict in enumerate(first.verdicts)
    )
    differs = any(run.outcome != first.outcome for run in again)
    return replace(first, verdicts=verdicts, flaky=differs or any(v.flaky for v in verdicts))
