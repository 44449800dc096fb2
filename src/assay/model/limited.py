"""At most so many prompts at a time."""

import asyncio

from assay.model import Completion, Model, Prompt
from assay.model.gather import gather_all


class Limited:
    """Lets `concurrent` prompts through to `model`; the others wait their turn, in order."""

    def __init__(self, model: Model, concurrent: int) -> None:
        self._model = model
        self._turn = asyncio.Semaphore(concurrent)

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return await gather_all(self._one(prompt) for prompt in prompts)

    async def close(self) -> None:
        await self._model.close()

    async def _one(self, prompt: Prompt) -> Completion:
        async with self._turn:
            [completion] = await self._model.complete([prompt])
        return completion


_: type[Model] = Limited
