"""A conversation within a model's context window: whole turns, the newest kept."""

from collections.abc import Sequence
from dataclasses import replace

from assay.model import Message

BYTES_A_TOKEN = 3
"""Of code and English; a tokenizer makes 3 to 4."""
PER_MESSAGE = 16
"""Bytes that stand for what a chat template adds around one message."""
CUT = "\n[…]\n"
SMALLEST = 200
"""Bytes that a message is never cut below."""


def fit(messages: tuple[Message, ...], tokens: int) -> tuple[Message, ...]:
    """What fits into `tokens`, by estimate.

    The opening (the system text and the task) and the newest turn always stay; of the turns
    between them, each an answer with what was said to it, the oldest go first. A newest turn that
    is too long by itself loses the middle of its longest message, and then, or where there is no
    turn yet, so does the opening. The system text stays whole.
    """
    start = opening_length(messages)
    opening, turns = messages[:start], turns_of(messages[start:])
    room = tokens * BYTES_A_TOKEN - size(opening)
    if size(messages[start:]) <= room:
        return messages
    kept = turns[-1] if turns else ()
    if size(kept) > room:
        kept = shortened(kept, size(kept) - room)
        return shortened(opening, size(kept) - room) + kept
    for turn in reversed(turns[:-1]):
        if size(turn) + size(kept) > room:
            break
        kept = turn + kept
    return opening + kept


def opening_length(messages: Sequence[Message]) -> int:
    """Messages up to the first answer."""
    roles = [message.role for message in messages]
    return roles.index("assistant") if "assistant" in roles else len(roles)


def turns_of(messages: tuple[Message, ...]) -> list[tuple[Message, ...]]:
    """Each begins with an answer."""
    starts = [at for at, message in enumerate(messages) if message.role == "assistant"]
    ends = [*starts, len(messages)][1:]
    return [messages[start:end] for start, end in zip(starts, ends, strict=True)]


def size(messages: Sequence[Message]) -> int:
    """Bytes, with what the template adds."""
    return sum(
        len(message.content.encode("utf-8", "surrogatepass")) + PER_MESSAGE for message in messages
    )


def shortened(messages: tuple[Message, ...], excess: int) -> tuple[Message, ...]:
    """Without `excess` bytes, or as many as may go, of the longest message first."""
    made = list(messages)
    for at in sorted(range(len(made)), key=lambda at: -size([made[at]])):
        if excess <= 0:
            break
        if made[at].role == "system":
            continue
        before = size([made[at]])
        made[at] = replace(made[at], content=cut(made[at].content, excess))
        excess -= before - size([made[at]])
    return tuple(made)


def cut(content: str, excess: int) -> str:
    """The text without `excess` bytes of its middle, `SMALLEST` bytes at least."""
    data = content.encode("utf-8", "surrogatepass")
    rest = max(SMALLEST, len(data) - excess - len(CUT.encode()))
    if rest + len(CUT.encode()) >= len(data):
        return content
    head, tail = data[: rest - rest // 3], data[len(data) - rest // 3 :]
    return CUT.join(part.decode("utf-8", "ignore") for part in (head, tail))
