"""A model of the catalogue, run on this machine by llama.cpp.

Temperature 0 is greedy. The same prompt asked alone of a fresh model gives the same text each
time with the same number of threads; llama.cpp does not promise it for prompts that share a
batch or a cached beginning, where sums are taken in another order and a near tie may tip.
"""

import asyncio
import threading
from pathlib import Path

from assay.model import Completion, Model, Prompt
from assay.model.catalogue import CATALOGUE, LARGEST_CONTEXT
from assay.model.engine import SLOTS, Engine, start
from assay.model.gather import gather_all
from assay.model.openai import OpenAI
from assay.model.pull import find
from assay.model.room import Room

REQUEST_SECONDS = 3600.0
SAMPLING = {"top_k": 0, "min_p": 0.0, "cache_prompt": True}
"""llama.cpp's own defaults would narrow the sampling beyond what the prompt says."""


class Embedded:
    """Starts its engine at the first prompt; `close` frees everything."""

    def __init__(self, name: str, models_dir: Path | None = None) -> None:
        self._name = f"embedded/{name}"
        self._path = find(name, models_dir)
        self._context = min(CATALOGUE[name].context, LARGEST_CONTEXT)
        self._room = Room(self._context)
        self._starting = asyncio.Lock()
        self._give_up = threading.Event()
        self._engine: Engine | None = None
        self._client: OpenAI | None = None

    @property
    def name(self) -> str:
        return self._name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        if not prompts:
            return []
        client = await self._ready()
        return await gather_all(self._one(client, prompt) for prompt in prompts)

    async def _one(self, client: OpenAI, prompt: Prompt) -> Completion:
        async with self._room.taken(prompt):
            [completion] = await client.complete([prompt])
        return completion

    async def close(self) -> None:
        """The client first: requests that nobody waits for any more then end by themselves."""
        async with self._starting:
            client, self._client = self._client, None
            engine, self._engine = self._engine, None
            if client is not None:
                await client.close()
            if engine is not None:
                await asyncio.to_thread(engine.close)

    async def engine(self) -> Engine:
        """The running engine, with its HTTP address and key."""
        await self._ready()
        assert self._engine is not None
        return self._engine

    async def _ready(self) -> OpenAI:
        async with self._starting:
            if self._client is None:
                self._engine = await self._start()
                self._client = OpenAI(
                    self._name.partition("/")[2],
                    name=self._name,
                    base_url=f"{self._engine.address}/v1",
                    api_key=self._engine.key,
                    connections=SLOTS,
                    timeout=REQUEST_SECONDS,
                    extra=SAMPLING,
                    keep_alive=False,
                )
            return self._client

    async def _start(self) -> Engine:
        """Cancelled, it waits for the load in its thread to notice, and leaves nothing behind."""
        self._give_up.clear()
        loading = asyncio.ensure_future(
            asyncio.to_thread(start, self._path, self._context, self._give_up)
        )
        try:
            return await asyncio.shield(loading)
        except asyncio.CancelledError:
            self._give_up.set()
            await asyncio.wait([loading])
            if loading.exception() is None:
                await asyncio.to_thread(loading.result().close)
            raise


def open_named(name: str, models_dir: Path | None = None) -> Model:
    return Embedded(name, models_dir)


_: type[Model] = Embedded
