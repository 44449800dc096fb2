"""The tier that is elsewhere: another Assay (`assay serve sandbox`), or SandboxFusion's API."""

import asyncio
import json
import os
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import replace
from threading import Thread
from typing import Any, TypeVar

from assay.errors import NoSandbox, SandboxError, UsageError
from assay.model.gather import gather_all
from assay.sandbox import Isolation, Job, Probe, Run, Sandbox
from assay.sandbox.fusion import Fusion
from assay.sandbox.http import Client
from assay.sandbox.transfer import dump_jobs, load_runs

T = TypeVar("T")

PROBE_SECONDS = 10.0
_MARGIN = 30.0


class Remote:
    """Another Assay. A job a request: each is tried again, or called off, for itself."""

    def __init__(self, client: Client, isolation: Isolation, slots: int, seconds: float) -> None:
        """`seconds`: what a request may take there."""
        self._client, self._isolation = client, isolation
        self._seconds = seconds
        self._turn = asyncio.Semaphore(slots)

    @property
    def isolation(self) -> Isolation:
        return self._isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        """One run a job, in order. Cancelled, it ends what runs there.

        Raises `SandboxError` when the server cannot be had, `UsageError` for what it refuses.
        """
        return await gather_all(self._one(job) for job in jobs)

    async def close(self) -> None:
        """Its connections are the caller's to close."""

    async def _one(self, job: Job) -> Run:
        body = dump_jobs([job])
        async with self._turn:
            return await self._client.retried("/run", body, self._seconds + _MARGIN, self._only)

    def _only(self, answer: bytes) -> Run:
        runs = load_runs(answer)
        if len(runs) != 1:
            raise SandboxError(f"{len(runs)} runs for one job")
        return _from_afar(runs[0])


class Afar:
    """A sandbox that lives in a thread with an event loop of its own.

    So its connections outlast the caller's loop, and it can be opened from within one.
    """

    def __init__(self, client: Client, slots: int | None) -> None:
        """Raises `NoSandbox` where no sandbox answers."""
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="assay-remote", daemon=True)
        self._thread.start()
        try:
            self._sandbox = self._submit(_found(client, slots)).result()
        except SandboxError as error:
            self._stop(client)
            told = error if isinstance(error, NoSandbox) else f"no sandbox there: {error}"
            raise NoSandbox(f"{client.url}: {told}") from None
        self._client, self._closed = client, False

    @property
    def isolation(self) -> Isolation:
        return self._sandbox.isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        if self._closed:
            raise SandboxError("this sandbox is closed")
        return await asyncio.wrap_future(self._submit(self._sandbox.run(jobs)))

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._stop, self._client)

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _stop(self, client: Client) -> None:
        self._submit(_ended(client)).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _ended(client: Client) -> None:
    """Calls off what still runs, and closes the connections."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await client.close()


def open_remote(url: str, token: str | None, slots: int | None) -> Sandbox:
    """Raises `NoSandbox` where no sandbox answers there, `UsageError` for what is no URL."""
    return Afar(Client(url, token), slots)


def try_out(url: str) -> Probe:
    """For `assay doctor`. Never raises."""
    try:
        client = Client(url, None)
        sandbox = Afar(client, None)
    except (SandboxError, UsageError) as error:
        return Probe(tier="remote", works=False, message=str(error))
    asyncio.run(sandbox.close())
    return Probe(tier="remote", works=True, message=f"{client.url} ({sandbox.isolation.far})")


async def _found(client: Client, slots: int | None) -> Sandbox:
    status, body = await client.ask("GET", "/health", None, PROBE_SECONDS)
    if status in (401, 403):
        raise NoSandbox("the token is refused (--token, ASSAY_TOKEN)")
    told = _assay(body) if status == 200 else None
    if told is not None:
        return _remote(client, told, slots)
    fusion = Fusion(client, slots or 2 * (os.cpu_count() or 1))
    await fusion.check()
    return fusion


def _assay(body: bytes) -> dict[str, Any] | None:
    """What an Assay says of itself; `None` where something else answers."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if type(told) is dict and told.get("service") == "assay" else None


def _remote(client: Client, told: dict[str, Any], slots: int | None) -> Remote:
    try:
        marks = told["isolation"]
        isolation = Isolation(**marks | {"tier": "remote", "far": str(marks["tier"])})
        there, seconds = int(told["slots"]), float(told["seconds"])
    except (KeyError, TypeError, ValueError):
        raise NoSandbox("an Assay of another version") from None
    # Twice as many requests as there are slots keep those busy over the way there and back.
    return Remote(client, isolation, min(slots or 2 * there, 2 * there), seconds)


def _from_afar(run: Run) -> Run:
    there = run.isolation
    far = there.far if there.tier == "remote" else there.tier
    return replace(run, isolation=replace(there, tier="remote", far=far))


_: tuple[type[Sandbox], ...] = (Remote, Afar)
