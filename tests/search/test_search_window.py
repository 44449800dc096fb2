"""Conversations trimmed to the model's window."""

from hypothesis import given
from hypothesis import strategies as st

from assay.model import Message
from assay.model.catalogue import CATALOGUE, context_of
from assay.model.prompter import Prompter
from assay.model.window import BYTES_A_TOKEN, CUT, SMALLEST, fit, opening_length, size, turns_of

TEXT = st.text(st.characters(), max_size=900)
TURN = st.tuples(TEXT, TEXT).map(
    lambda pair: (Message("assistant", pair[0]), Message("user", pair[1]))
)
OPENING = (Message("system", "S"), Message("user", "the task"))


@given(st.lists(TURN, max_size=6), st.integers(0, 2_000))
def test_what_is_trimmed(turns: list[tuple[Message, ...]], tokens: int) -> None:
    """Catches: a lost task or newest turn, a hole in the middle, a half turn, a conversation that
    is trimmed though it fits, one that is too long though a turn could go."""
    whole = OPENING + sum(turns, ())
    fitted = fit(whole, tokens)
    room = tokens * BYTES_A_TOKEN
    assert fitted[:2] == OPENING
    if size(whole) <= room:
        assert fitted == whole
    rest = turns_of(fitted[2:])
    assert all(len(turn) == 2 for turn in rest)
    assert bool(rest) == bool(turns)
    if len(rest) > 1:
        assert rest == turns[-len(rest) :]
        assert size(fitted) <= room
    if 0 < len(rest) < len(turns) and rest[0] == turns[-len(rest)]:
        assert size(fitted) + size(turns[-len(rest) - 1]) > room
    if rest and rest[-1] != turns[-1]:
        assert size(fitted) < size(OPENING + turns[-1])


def test_a_newest_turn_that_is_too_long_is_cut_in_its_middle() -> None:
    """Catches: a reply of 100 KB that no window holds and that the server refuses."""
    whole = (*OPENING, Message("assistant", "a" * 60_000 + "z" * 40_000), Message("user", "Wrong."))
    fitted = fit(whole, 500)
    assert size(fitted) <= 500 * BYTES_A_TOKEN
    assert fitted[3] == whole[3]
    assert (fitted[2].content[0], fitted[2].content[-1]) == ("a", "z")
    least = fit(whole, 0)[2].content
    assert len(least) <= SMALLEST + 10


@given(
    st.text(max_size=300),
    st.lists(st.text(st.characters(), max_size=2_000), min_size=1, max_size=2),
    st.integers(0, 1_500),
)
def test_an_opening_without_an_answer_is_cut(system: str, said: list[str], tokens: int) -> None:
    """Catches: a review or an analysis, which is one message of the user's, longer than the
    window; a system text that is cut; a cut that nothing marks, or of what fits."""
    whole = (Message("system", system), *(Message("user", text) for text in said))
    fitted = fit(whole, tokens)
    assert fitted[0] == whole[0]
    assert [message.role for message in fitted] == [message.role for message in whole]
    for old, new in zip(whole, fitted, strict=True):
        assert new == old or (CUT in new.content and size([new]) < size([old]))
    least = size(whole[:1]) + sum(min(size([m]), SMALLEST + len(CUT.encode()) + 16) for m in whole)
    assert size(fitted) <= max(tokens * BYTES_A_TOKEN, least)
    assert (fitted == whole) or size(whole) > tokens * BYTES_A_TOKEN


def test_a_task_that_fills_the_window_leaves_room_for_the_newest_turn() -> None:
    """Catches: a task that fits alone, cut, and with an answer after it beyond the window."""
    task = Message("user", "t" * 5_000)
    whole = (OPENING[0], task, Message("assistant", "a" * 900), Message("user", "Wrong."))
    fitted = fit(whole, 1_000)
    assert size(fitted) <= 3_000
    assert fitted[0] == whole[0]
    assert CUT in fitted[1].content
    assert fitted[3] == whole[3]
    longer = fit(whole, 2_000)
    assert longer == (whole[0], task, longer[2], whole[3])


def test_what_is_asked_for_at_the_end_of_an_opening_stays() -> None:
    """Catches: a cut at the end, where a prompt says what to do."""
    [_, user] = fit((Message("system", "S"), Message("user", f"Task.{'x' * 9_000} Review!")), 300)
    assert user.content.startswith("Task.")
    assert user.content.endswith("Review!")


def test_a_prompt_leaves_room_for_the_reply() -> None:
    """Catches: a window filled by the prompt alone; an unknown window that trims."""
    messages = OPENING + (Message("assistant", "x" * 3_000), Message("user", "y" * 3_000)) * 4
    prompt = Prompter(context=4_096, max_tokens=1_024).prompt(messages)
    assert size(prompt.messages) <= 3_072 * BYTES_A_TOKEN
    assert prompt.messages[opening_length(messages) :] == messages[-2:]
    assert Prompter().prompt(messages).messages == messages


def test_windows_of_models() -> None:
    """Catches: a window above what the engine is started with."""
    assert all(context_of(f"embedded/{name}") == 16_384 for name in CATALOGUE)
    assert context_of("openai/qwen2.5-coder-0.5b") is None
    assert context_of("embedded/none") is None
