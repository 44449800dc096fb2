"""One window that several conversations share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from assay.model import Prompt
from assay.model.window import BYTES_A_TOKEN, size


class Room:
    """Tokens of a cache that all running completions share.

    llama.cpp lets each slot of a unified cache grow to the whole of it. Where those that run at
    once outgrow it together it fails them all ("Context size has been exceeded"; seen with 8
    prompts of 320 tokens in a window of 1,024), so one that might not fit waits its turn.
    """

    def __init__(self, tokens: int) -> None:
        self._tokens = tokens
        self._free = tokens
        self._turn = asyncio.Condition()

    @asynccontextmanager
    async def taken(self, prompt: Prompt) -> AsyncIterator[None]:
        """Holds what the prompt and its longest reply may need, by estimate; all of the room for
        one that is larger than that."""
        need = min(self._tokens, -(-size(prompt.messages) // BYTES_A_TOKEN) + prompt.max_tokens)
        async with self._turn:
            await self._turn.wait_for(lambda: self._free >= need)
            self._free -= need
        try:
            yield
        finally:
            self._free += need
            async with self._turn:
                self._turn.notify_all()
