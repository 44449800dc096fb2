"""Runs jobs on workers, several at once, without blocking the event loop.

A thread a slot: what it waits for are processes. A worker that is lost is replaced and its job
tried once more; then it is a `SandboxError`, never a verdict.
"""

import asyncio
import contextlib
import os
import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from assay.errors import SandboxError, UsageError
from assay.sandbox import Isolation, Job, Run, Sandbox
from assay.sandbox.session import run_job
from assay.sandbox.worker import Worker, WorkerLost


class _Ticket:
    """A job on its way, which may be called off."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.off = False
        self.worker: Worker | None = None


class Pool:
    """A sandbox of one tier over `slots` workers."""

    def __init__(
        self, tier: str, slots: int | None, note: str = "", first: Worker | None = None
    ) -> None:
        """`first`: a worker for slot 0 that was started already."""
        self._tier = tier
        self._slots = slots or os.cpu_count() or 1
        self._lock = threading.Lock()
        self._closed = False
        self._workers: set[Worker] = set()
        self._idle: queue.SimpleQueue[Worker | int] = queue.SimpleQueue()
        first = self._start(0, first)
        self._idle.put(first)
        for slot in range(1, self._slots):
            self._idle.put(slot)
        self._isolation = isolation(tier, first.memory is not None, note)
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
            return list(await asyncio.gather(*(asyncio.wrap_future(f) for f in futures)))
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
            worker: Worker | None = None if isinstance(place, int) else place
            try:
                worker = worker or self._start(slot)
                with self._lock:
                    ticket.worker = worker
                    if ticket.off or self._closed:
                        raise SandboxError("the run was called off")
                run = run_job(worker, ticket.job, self._isolation)
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
        raise WorkerLost("no worker could be kept")

    def _start(self, slot: int, worker: Worker | None = None) -> Worker:
        worker = worker or Worker(self._tier, slot)
        with self._lock:
            self._workers.add(worker)
        return worker

    def _discard(self, worker: Worker | None) -> None:
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


def isolation(tier: str, cgroup: bool, note: str) -> Isolation:
    """What a pool of that tier enforces. Memory: by a cgroup, or polled below one namespace, or
    by an rlimit where a candidate is one process."""
    full = tier in ("namespaces", "landlock")
    return Isolation(
        tier="namespaces" if tier == "namespaces" else "landlock" if full else "unsafe",
        filesystem=full,
        network=full,
        processes=full,
        memory=full or cgroup,
        note=note,
    )


def _is_sandbox(pool: Pool) -> Sandbox:
    return pool
