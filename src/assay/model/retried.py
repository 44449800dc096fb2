"""Another try after a passing failure."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from assay.errors import ModelBusy
from assay.model import Completion, Model, Prompt
from assay.model.gather import gather_all

LONGEST_WAIT = 120.0
"""Seconds: what a server asks for beyond this is not waited for; the error is raised."""


class Retried:
    """Asks again on `ModelBusy`, each prompt for itself, `attempts` times in all.

    The wait doubles from `base` up to `cap` seconds, less a random part of up to a half, so that
    prompts which failed together do not come back together. What the server asked for with
    `retry_after` is waited for instead where it is longer.
    """

    def __init__(
        self,
        model: Model,
        attempts: int = 4,
        base: float = 0.5,
        cap: float = 30.0,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._model = model
        self._attempts = attempts
        self._base = base
        self._cap = cap
        self._sleep = sleep

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return await gather_all(self._one(prompt) for prompt in prompts)

    async def close(self) -> None:
        await self._model.close()

    async def _one(self, prompt: Prompt) -> Completion:
        attempt = 0
        while True:
            attempt += 1
            try:
                [completion] = await self._model.complete([prompt])
            except ModelBusy as busy:
                asked_for = busy.retry_after or 0.0
                if attempt >= self._attempts or asked_for > LONGEST_WAIT:
                    raise
                await self._sleep(max(asked_for, self._backoff(attempt)))
            else:
                return completion

    def _backoff(self, attempt: int) -> float:
        longest = min(self._cap, self._base * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1.0)


_: type[Model] = Retried
