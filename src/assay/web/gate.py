"""How many jobs are let in: `slots` run, `queue` wait, the rest is told to come back later."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from assay.errors import SandboxError
from assay.sandbox import Job, Run, Sandbox
from assay.web import Caps


class Full(Exception):
    """There is no room, not even to wait."""


class Gate:
    """The way to the sandbox. A request holds a place for each of its jobs until it is answered."""

    def __init__(self, sandbox: Sandbox, caps: Caps) -> None:
        self.sandbox, self.caps = sandbox, caps
        self._turn = asyncio.Semaphore(caps.slots)
        self._places = 0
        self.running = 0

    @property
    def queued(self) -> int:
        return self._places - self.running

    @property
    def capacity(self) -> int:
        return self.caps.slots + self.caps.queue

    @contextmanager
    def places(self, number: int) -> Iterator[None]:
        """Raises `Full`."""
        if self._places + number > self.capacity:
            raise Full
        self._places += number
        try:
            yield
        finally:
            self._places -= number

    async def run(self, job: Job) -> Run:
        """When a slot is free. Raises `SandboxError` for every failure of ours, `UsageError`."""
        async with self._turn:
            self.running += 1
            try:
                [run] = await self.sandbox.run([job])
            except (OSError, ValueError) as error:
                raise SandboxError(f"the sandbox failed ({type(error).__name__})") from error
            finally:
                self.running -= 1
        return run
