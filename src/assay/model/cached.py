"""Nothing is asked twice."""

import asyncio
from dataclasses import replace
from typing import Protocol

from assay.model import Completion, Model, Prompt
from assay.model.gather import gather_all


class Shelf(Protocol):
    """Where completions are kept. `store` has one on disk; a dict with two methods will do."""

    def get(self, model_name: str, key: str) -> Completion | None: ...

    def put(self, model_name: str, prompt: Prompt, completion: Completion) -> None: ...


class Cached:
    """Answers from `shelf` what is there, and puts there what `model` answers, one by one.

    A completion is on the shelf as soon as it is there, whatever becomes of the rest of its
    batch. Equal prompts, in one batch or from several tasks at once, are asked once; all but
    the one that paid get `cached=True`.
    """

    def __init__(self, model: Model, shelf: Shelf) -> None:
        self._model = model
        self._shelf = shelf
        self._asking: dict[str, asyncio.Task[Completion]] = {}
        self._waiting: dict[str, int] = {}

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return await gather_all(self._one(prompt) for prompt in prompts)

    async def close(self) -> None:
        await self._model.close()

    async def _one(self, prompt: Prompt) -> Completion:
        key = prompt.key
        running = self._asking.get(key)
        if running is not None:
            return replace(await self._wait(key, running), cached=True)
        found = self._shelf.get(self.name, key)
        if found is not None:
            return replace(found, cached=True)
        running = asyncio.ensure_future(self._ask(prompt))
        self._asking[key] = running
        return await self._wait(key, running)

    async def _ask(self, prompt: Prompt) -> Completion:
        try:
            [completion] = await self._model.complete([prompt])
            if not completion.cached:
                self._shelf.put(self.name, prompt, completion)
        finally:
            if self._asking.get(prompt.key) is asyncio.current_task():
                del self._asking[prompt.key]
        return completion

    async def _wait(self, key: str, running: asyncio.Task[Completion]) -> Completion:
        """Waits with others: the request is given up only when the last of them is cancelled."""
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if self._waiting[key] == 1 and not running.done():
                # Out of sight first, so that nobody joins a request that is being given up.
                if self._asking.get(key) is running:
                    del self._asking[key]
                running.cancel()
                await asyncio.wait([running])
            raise
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]


_: type[Model] = Cached
