"""Each wrapper alone, around a model that can be looked into."""

import asyncio
import json
from pathlib import Path

import pytest
from model_doubles import DictShelf, Echo, ask

from assay.errors import ModelBusy, ModelError, ProblemError
from assay.model import Message, Prompt
from assay.model.cached import Cached
from assay.model.gather import gather_all
from assay.model.limited import Limited
from assay.model.recorded import Recorded, Recording
from assay.model.retried import Retried
from assay.model.scripted import Reply, Scripted


async def test_gather_keeps_the_others_going() -> None:
    """Catches: `asyncio.gather`, which leaves what had not finished to nobody."""
    done: list[int] = []

    async def work(number: int) -> int:
        await asyncio.sleep(number / 100)
        if number == 0:
            raise ModelError("first")
        if number == 2:
            raise ModelError("second")
        done.append(number)
        return number

    with pytest.raises(ModelError, match="first"):
        await gather_all(work(number) for number in range(4))
    assert done == [1, 3]
    assert await gather_all(work(number) for number in (3, 1)) == [3, 1]


async def test_gather_cancelled_leaves_nobody() -> None:
    """Catches: work that goes on after a Ctrl-C."""
    model = Limited(Echo(delay=10), 5)
    asking = asyncio.create_task(model.complete([ask(str(number)) for number in range(9)]))
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(asyncio.all_tasks()) == 1


async def test_cached_asks_once() -> None:
    """Catches: paying twice in one batch, across tasks, or for what is on the shelf."""
    echo, shelf = Echo(delay=0.02), DictShelf()
    model = Cached(echo, shelf)
    batches = await asyncio.gather(
        model.complete([ask("a"), ask("b"), ask("a")]), model.complete([ask("a")])
    )
    assert sorted(echo.asked) == ["a", "b"]
    again = await model.complete([ask("b"), ask("b", seed=1, temperature=0.8)])
    assert echo.asked[2:] == ["b"]
    texts = [[one.text for one in batch] for batch in (*batches, again)]
    assert texts == [["A", "B", "A"], ["A"], ["B", "B"]]
    paid = [[not one.cached for one in batch] for batch in (*batches, again)]
    assert paid == [[True, True, False], [False], [False, True]]
    assert not any(row.cached for row in shelf.rows.values())


async def test_a_greedy_prompt_is_asked_once_whatever_the_seed() -> None:
    """Catches: seeds of a grid that pay again for the greedy sample; draws that are shared."""
    echo = Echo()
    model = Cached(echo, DictShelf())
    await model.complete([ask("greedy", seed=seed) for seed in (0, 1, 2)])
    await model.complete([ask("drawn", seed=seed, temperature=0.8) for seed in (0, 1, 0)])
    assert sorted(echo.asked) == ["drawn", "drawn", "greedy"]


async def test_cached_keeps_what_finished() -> None:
    """Catches: a batch that loses its paid answers with its one failure, and a cached failure."""
    echo, shelf = Echo(failing={"bad": ModelError("no")}), DictShelf()
    model = Cached(echo, shelf)
    with pytest.raises(ModelError):
        await model.complete([ask("bad"), ask("good")])
    assert len(shelf.rows) == 1
    echo.failing.clear()
    assert [one.cached for one in await model.complete([ask("bad"), ask("good")])] == [False, True]


async def test_cached_survives_the_cancelling_of_the_first_asker() -> None:
    """Catches: a task's Ctrl-C that fails another task which waits for the same prompt."""
    echo = Echo(delay=0.05)
    model = Cached(echo, DictShelf())
    first = asyncio.create_task(model.complete([ask("a")]))
    second = asyncio.create_task(model.complete([ask("a")]))
    await asyncio.sleep(0.01)
    first.cancel()
    assert [one.text for one in await second] == ["A"]
    assert echo.asked == ["a"]
    third = asyncio.create_task(model.complete([ask("c")]))
    await asyncio.sleep(0.01)
    third.cancel()
    await asyncio.wait([third])
    assert echo.cancelled == 1
    assert echo.running == 0


async def test_retried_each_prompt_for_itself() -> None:
    """Catches: a whole batch asked again for one prompt; waits that do not grow or have no end."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    replies = [
        Reply(match="bad", error="busy", times=3),
        Reply(match="bad", text="better"),
        Reply(match="good", text="fine"),
    ]
    inner = Scripted(replies)
    model = Retried(inner, base=1, cap=3, sleep=sleep)
    completions = await model.complete([ask("bad"), ask("good")])
    assert [one.text for one in completions] == ["better", "fine"]
    assert len(inner.asked) == 5
    assert all(
        low <= wait <= high
        for wait, (low, high) in zip(waits, [(0.5, 1), (1, 2), (1.5, 3)], strict=True)
    )


async def test_retried_gives_up() -> None:
    """Catches: endless patience; a final error tried again; waiting a week as told."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    for reply, tries in (
        (Reply(match="", error="busy"), 4),
        (Reply(match="", error="error"), 1),
        (Reply(match="", error="busy", retry_after=604800), 1),
    ):
        inner = Scripted([reply])
        with pytest.raises(ModelError):
            await Retried(inner, sleep=sleep).complete([ask()])
        assert len(inner.asked) == tries
    waits.clear()
    inner = Scripted([Reply(match="", error="busy", retry_after=40)])
    with pytest.raises(ModelBusy):
        await Retried(inner, attempts=2, sleep=sleep).complete([ask()])
    assert waits == [40]


async def test_limited() -> None:
    """Catches: more at a time than was said."""
    echo = Echo(delay=0.01)
    model = Limited(echo, 3)
    await asyncio.gather(*(model.complete([ask("x"), ask("y")]) for _ in range(5)))
    assert echo.most_running == 3


async def test_recording_replays(tmp_path: Path) -> None:
    """Catches: a recording that its own reader does not answer from; a key written twice."""
    path = tmp_path / "rows.jsonl"
    model = Recording(Echo(), path)
    prompts = [ask("a"), ask("b", temperature=0.7, stop=("x",)), ask("a\ud800"), ask("a")]
    said = await model.complete(prompts)
    await model.close()
    model = Recording(Echo(), path)
    await model.complete(prompts[:1])
    await model.close()
    assert len(path.read_text().splitlines()) == 3
    replayed = await Recorded(path).complete(prompts)
    assert [one.text for one in replayed] == ["A", "B", "A?", "A"]
    assert [one.usage for one in replayed] == [one.usage for one in said]
    assert all(one.cached for one in replayed)
    with pytest.raises(ModelError, match="no completion for the prompt 'b'"):
        await Recorded(path).complete([ask("b")])


async def test_recording_goes_on_after_a_kill(tmp_path: Path) -> None:
    """Catches: a half-written last row that spoils the file, or the row after it."""
    path = tmp_path / "rows.jsonl"
    model = Recording(Echo(), path)
    await model.complete([ask("a"), ask("b")])
    await model.close()
    path.write_bytes(path.read_bytes()[:-20])
    assert (await Recorded(path).complete([ask("a")]))[0].text == "A"
    model = Recording(Echo(), path)
    await model.complete([ask("b"), ask("c")])
    await model.close()
    assert [one.text for one in await Recorded(path).complete([ask("b"), ask("c")])] == ["B", "C"]


async def test_recording_to_nowhere(tmp_path: Path) -> None:
    """Catches: a traceback for a folder that is not there."""
    with pytest.raises(ProblemError, match="cannot record"):
        Recording(Echo(), tmp_path / "none" / "rows.jsonl")


async def test_rows_by_messages_answer_the_fields_they_name(tmp_path: Path) -> None:
    """Catches: a recording of messages alone that fits no prompt; a named field that is ignored."""
    messages = [{"role": "user", "content": "q"}]
    rows = [
        {"messages": messages, "temperature": 0.8, "text": "hot"},
        {"messages": messages, "text": "any", "usage": {"prompt_tokens": 4, "total_tokens": 9}},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    model = Recorded(path)
    prompts = [ask("q", temperature=0.8, max_tokens=5), ask("q", seed=9)]
    completions = await model.complete(prompts)
    assert [one.text for one in completions] == ["hot", "any"]
    assert completions[1].usage.prompt_tokens == 4


SHARED = Path("shared/data/qwen25-coder-0.5b-humaneval-greedy/completions.jsonl")


async def test_the_shared_recording() -> None:
    """Catches: real recordings that do not replay."""
    beside = (parent / SHARED for parent in Path(__file__).resolve().parents)
    shared = next((path for path in beside if path.exists()), None)
    if shared is None:
        pytest.skip("the shared recording is not beside this checkout")
    row = json.loads(shared.read_text().splitlines()[12])
    messages = tuple(Message(**one) for one in row["messages"])
    prompt = Prompt(messages=messages, temperature=0.3, seed=4)
    [completion] = await Recorded(shared).complete([prompt])
    assert completion.text == row["text"]
    assert completion.usage.completion_tokens == row["usage"]["completion_tokens"]
