"""Values made short with care: the type and the part that differs stay in sight.

What a program printed or raised may say anything, also what looks like words of ours or like the
end of a block: it is shown on one line (`inline`) or as lines that are all indented (`block`).
"""

from collections.abc import Iterator, Sequence

WIDTH = 200
MARK = "…"


def clip(text: str, width: int = WIDTH) -> str:
    """At most `width` characters: the beginning and the end, with what is left out counted."""
    if len(text) <= width:
        return text
    note = f"{MARK}({len(text) - width} more){MARK}"
    room = max(0, width - len(note))
    head = room - room // 3
    tail = room - head
    return (text[:head] + note + (text[-tail:] if tail else ""))[:width]


def pair(expected: str, actual: str, width: int = WIDTH) -> tuple[str, str]:
    """Both texts in at most `width` characters, around the first place where they differ."""
    one, other = apart((expected, actual), width)
    return one, other


def apart(texts: Sequence[str], width: int = WIDTH) -> list[str]:
    """Each in at most `width` characters, around the first place where one differs from another."""
    if all(len(text) <= width for text in texts):
        return list(texts)
    at = min((first_difference(texts[0], text) for text in texts[1:]), default=0)
    if at < width // 2:
        return [head(text, width) for text in texts]
    return [window(text, at, width) for text in texts]


def first_difference(one: str, other: str) -> int:
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def head(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + MARK


def window(text: str, at: int, width: int) -> str:
    """The opening (which shows the type), then what is around `at`."""
    if len(text) <= width:
        return text
    opening = text[: min(12, width // 4)]
    note = f"{MARK}[from character {at}]{MARK}"
    room = max(1, width - len(opening) - len(note) - 1)
    start = max(len(opening), at - room // 3)
    part = text[start : start + room]
    return (opening + note + part + (MARK if start + room < len(text) else ""))[:width]


def visible(text: str) -> str:
    """Everything that does not show, or moves what does, as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def lines_of(text: str) -> str:
    """Text from outside that keeps its lines and tabs; what else does not show is a blank."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text).strip()


def inline(text: str, width: int = WIDTH) -> str:
    """Text from outside on one line of at most `width` characters."""
    return clip(visible(text.strip()), width)


def brief(text: str, width: int = 60) -> str:
    """The beginning of a text from outside, on one line."""
    return head(visible(text), width)


def block(text: str) -> str:
    """Text from outside, every line indented: none can end a code block or a paragraph."""
    return "\n".join(f"    {visible(line.expandtabs(4))}" for line in text.splitlines())


def told(label: str, text: str) -> Iterator[str]:
    """`label: text`, or the text below it where it has several lines."""
    short = clip(text.strip())
    if len(short.splitlines()) > 1:
        yield f"{label}:"
        yield block(short)
    else:
        yield f"{label}: {visible(short)}"
