"""The sandbox for code that does not await."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from assay.sandbox import Job, Run, Sandbox

T = TypeVar("T")


class Blocking:
    """Runs jobs and waits for them; inside a running event loop, a notebook's say, that waits
    too."""

    def __init__(self, open_sandbox: Callable[[], Sandbox]) -> None:
        """Raises `NoSandbox`."""
        self._sandbox = open_sandbox()
        self._loop = asyncio.Runner()

    def run(self, jobs: list[Job]) -> list[Run]:
        """One run a job, in order. Raises `SandboxError` for a failure of ours."""
        return self._wait(self._sandbox.run(jobs))

    def close(self) -> None:
        """Ends every process that it started; may be called twice."""
        self._wait(self._sandbox.close())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._loop.run(work)
        with ThreadPoolExecutor(1) as thread:  # where no loop runs yet
            return thread.submit(self._loop.run, work).result()

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
