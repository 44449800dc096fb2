"""The sandbox for code that does not await."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

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
        return _apart(lambda: self._loop.run(self._sandbox.run(jobs)))

    def close(self) -> None:
        """Ends every process that it started; may be called twice."""
        _apart(lambda: self._loop.run(self._sandbox.close()))

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
        _apart(self._loop.close)


def _apart(work: Callable[[], T]) -> T:
    """Where a loop runs in this thread, another one waits for `work`."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
