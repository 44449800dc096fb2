"""Runs jobs on workers, several at once, without blocking the event loop.

A thread a slot: what it waits for are processes. A worker that is lost is replaced and its job
tried once more; then it is a `SandboxError`, never a verdict.
"""

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

from assay.errors import SandboxError, UsageError
from assay.sandbox import Isolation, Job, Run, Sandbox


class Working(Protocol):
    """A worker, here or in a container: one job at a time."""

    @property
    def slot(self) -> int: ...

    def run(self, job: Job, isolation: Isolation) -> Run:
        """Raises `SandboxError` for a failure of ours, `UsageError` for what cannot be run."""
        ...

    def kill(self) -> None:
        """Ends what it runs; from any thread."""
        ...

    def close(self) -> None:
        """Waits until all that it started is gone; may be called twice."""
        ...


class _Ticket:
    """A job on its way, which may be called off."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.off = False
        self.worker: Working | None = None


class Pool:
    """A sandbox of one tier over `slots` workers."""

    def __init__(
        self,
        start: Callable[[int], Working],
        isolation: Isolation,
        slots: int | None,
        first: Working,
    ) -> None:
        """`start` makes the worker of a slot; `first` is that of slot 0, made already."""
        self._begin = start
        self._slots = slots or os.cpu_count() or 1
        self._lock = threading.Lock()
        self._closed = False
        self._workers: set[Working] = {first}
        self._idle: queue.SimpleQueue[Working | int] = queue.SimpleQueue()
        self._idle.put(first)
        for slot in range(1, self._slots):
            self._idle.put(slot)
        self._isolation = isolation
        self._threads = ThreadPoolExecutor(self._slots, thread_name_prefix="assay-sandbox")

    @property
    def isolation(self) -> Isolation:
        return self._isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        """One run a job, in order. Cancelled, it ends what runs at once.

        Raises `SandboxError` for a failure of ours, `UsageError` for what cannot be run here.
        """
        if self._closed:
            raise SandboxError("this sandbox is closed")
        tickets = [_Ticket(job) for job in jobs]
        futures = [self._threads.submit(self._serve, ticket) for ticket in tickets]
        try:
            await _done(futures)
            return [future.result() for future in futures]
        except BaseException:
            self._call_off(tickets, futures)
            raise

    def _call_off(self, tickets: list[_Ticket], futures: list[Future[Run]]) -> None:
        for ticket in tickets:
            with self._lock:  # held, so that the worker is not another ticket's by now
                ticket.off = True
                if ticket.worker is not None:
                    ticket.worker.kill()
        for future in futures:
            if not future.cancel():
                with contextlib.suppress(Exception):
                    future.exception(timeout=10)

    def _serve(self, ticket: _Ticket) -> Run:
        for last in (False, True):
            place = self._idle.get()
            slot = place if isinstance(place, int) else place.slot
            worker: Working | None = None if isinstance(place, int) else place
            try:
                worker = worker or self._start(slot)
                with self._lock:
                    ticket.worker = worker
                    if ticket.off or self._closed:
                        raise SandboxError("the run was called off")
                run = worker.run(ticket.job, self._isolation)
            except UsageError:
                raise
            except Exception as error:  # whatever it is, it is ours: a fresh worker, no verdict
                self._discard(worker)
                worker = None
                if last or ticket.off or self._closed:
                    raise SandboxError(f"the sandbox failed: {error}") from error
            else:
                return replace(run, job=ticket.job.digest)
            finally:
                with self._lock:
                    ticket.worker = None
                self._idle.put(worker if worker is not None else slot)
        raise SandboxError("no worker could be kept")

    def _start(self, slot: int) -> Working:
        worker = self._begin(slot)
        with self._lock:
            self._workers.add(worker)
        return worker

    def _discard(self, worker: Working | None) -> None:
        if worker is not None:
            worker.close()
            with self._lock:
                self._workers.discard(worker)

    async def close(self) -> None:
        """Ends every process that it started; may be called twice."""
        self._closed = True
        with self._lock:
            workers = list(self._workers)
        for worker in workers:
            worker.kill()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        for worker in workers:
            worker.close()
        self._workers.clear()


async def _done(futures: list[Future[Run]]) -> None:
    """Waits for all, or for the first that fails, and raises what that did.

    One wake-up of the event loop, where `asyncio.gather` has one for each, which takes the
    interpreter from the threads that run the jobs.
    """
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    lock, left = threading.Lock(), len(futures)

    def end(error: BaseException | None) -> None:
        if not over.done():
            over.set_result(None) if error is None else over.set_exception(error)

    def ended(future: Future[Run]) -> None:
        nonlocal left
        gone = SandboxError("this sandbox was closed")
        error = gone if future.cancelled() else future.exception()
        with lock:
            left -= 1
        if error is not None or left == 0:
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits
                loop.call_soon_threadsafe(end, error)

    for future in futures:
        future.add_done_callback(ended)
    if futures:
        await over


_: type[Sandbox] = Pool
