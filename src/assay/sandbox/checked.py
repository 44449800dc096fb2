"""A sandbox whose answers are looked at: what is no run of the job is a failure, no verdict."""

from assay.errors import SandboxError
from assay.model.gather import gather_all
from assay.sandbox import Isolation, Job, Run, Sandbox


class Checked:
    """Passes jobs on, each for itself, and raises `SandboxError` for a run of something else."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def isolation(self) -> Isolation:
        return self._sandbox.isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        """Raises `SandboxError` and `UsageError`."""
        return await gather_all(self._one(job) for job in jobs)

    async def close(self) -> None:
        await self._sandbox.close()

    async def _one(self, job: Job) -> Run:
        return only_run(job, await self._sandbox.run([job]))


def only_run(job: Job, given: object) -> Run:
    """The run of `job` in what a sandbox gave. Raises `SandboxError` where it is none."""
    runs = given if isinstance(given, list) else []
    if len(runs) != 1 or not isinstance(runs[0], Run):
        raise SandboxError("the sandbox did not give one run for one job")
    run = runs[0]
    if run.job not in (None, job.digest):
        raise SandboxError("the sandbox gave the run of another job")
    if [verdict.test for verdict in run.verdicts] != [test.id for test in job.tests]:
        raise SandboxError("the sandbox gave the verdicts of other tests")
    first = next((v.outcome for v in run.verdicts if v.outcome != "passed"), "passed")
    if job.tests and run.outcome != first:
        raise SandboxError(f"the sandbox said {run.outcome} of tests that say {first}")
    return run


_: type[Sandbox] = Checked
