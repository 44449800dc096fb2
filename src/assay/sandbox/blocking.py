"""The sandbox for code that has no event loop."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from assay.sandbox import Job, Run, Sandbox


class Blocking:
    """Runs jobs and waits for them. Not for use inside a running event loop."""

    def __init__(self, open_sandbox: Callable[[], Sandbox]) -> None:
        """Raises `NoSandbox`."""
        self._sandbox = open_sandbox()
        self._loop = asyncio.Runner()

    def run(self, jobs: list[Job]) -> list[Run]:
        """One run a job, in order. Raises `SandboxError` for a failure of ours."""
        return self._loop.run(self._sandbox.run(jobs))

    def close(self) -> None:
        """Ends every process that it started; may be called twice."""
        self._loop.run(self._sandbox.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
        self.close()
        self._loop.close()
