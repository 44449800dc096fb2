"""The window that the slots of an embedded model share."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.model import Message, Prompt
from assay.model.room import Room
from assay.model.window import BYTES_A_TOKEN, size


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4_000), st.integers(1, 900)), min_size=1, max_size=12))
def test_what_runs_at_once_fits_together(asked: list[tuple[int, int]]) -> None:
    """Catches: eight long conversations that llama.cpp fails together ("Context size has been
    exceeded"), one that never gets its turn, and room that is not given back."""
    room, running, most = Room(1_000), [0], [0]

    async def one(letters: int, reply: int) -> None:
        prompt = Prompt(messages=(Message("user", "x" * letters),), max_tokens=reply)
        need = min(1_000, -(-size(prompt.messages) // BYTES_A_TOKEN) + reply)
        async with room.taken(prompt):
            running[0] += need
            most[0] = max(most[0], running[0])
            await asyncio.sleep(0)
            running[0] -= need

    async def all_of_them() -> None:
        await asyncio.wait_for(asyncio.gather(*(one(*row) for row in asked)), 20)

    asyncio.run(all_of_them())
    assert most[0] <= 1_000


def test_one_that_is_cancelled_gives_its_room_back() -> None:
    """Catches: a model that answers nobody any more after a Ctrl-C."""

    async def cancelled() -> None:
        room, prompt = Room(100), Prompt(messages=(), max_tokens=100)

        async def held() -> None:
            async with room.taken(prompt):
                await asyncio.sleep(60)

        first, second = asyncio.create_task(held()), asyncio.create_task(held())
        await asyncio.sleep(0)
        second.cancel()
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        async with asyncio.timeout(10), room.taken(prompt):
            return

    asyncio.run(cancelled())
