"""A double: gives the runs that it was told to give, and remembers what it was asked."""

from collections.abc import Iterable

from assay.errors import SandboxError
from assay.sandbox import Isolation, Job, Run, Sandbox

ISOLATION = Isolation(
    tier="scripted", filesystem=False, network=False, processes=False, memory=False
)


class Scripted:
    """Gives `runs` one after another; a `SandboxError` among them is raised in its turn."""

    def __init__(self, runs: Iterable[Run | SandboxError]) -> None:
        self._runs = iter(runs)
        self.jobs: list[Job] = []
        """Every job that it was given."""
        self.closed = False

    @property
    def isolation(self) -> Isolation:
        return ISOLATION

    async def run(self, jobs: list[Job]) -> list[Run]:
        """Raises `SandboxError` also when the script is at its end."""
        self.jobs += jobs
        given = [self._next() for _ in jobs]
        for item in given:
            if isinstance(item, SandboxError):
                raise item
        return [item for item in given if isinstance(item, Run)]

    def _next(self) -> Run | SandboxError:
        return next(self._runs, SandboxError("the script has no more runs"))

    async def close(self) -> None:
        self.closed = True


_: Sandbox = Scripted([])
