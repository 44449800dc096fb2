"""A person at the terminal: one question at a time, one key an answer."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from assay.cli.screen import Screen, forget_typed, interactive
from assay.errors import UsageError
from assay.feedback.shorten import apart, clip, visible
from assay.feedback.steps import Question, Reply
from assay.problem import Test
from assay.search.driver import Person
from assay.select.people import Answers, Limited, Noted, contradictions, load

WIDTH = 70
"""Characters of a value on its line."""
LONGEST = 700
"""Characters of an input that are shown."""
UNKNOWN = "don't know, or not allowed as input"
ENOUGH = "no more questions"
ENDS = "q\x04"
"""Keys that end all questions; so does a terminal that is gone."""


def person_for(ask: int | None, known: Answers | None, screen: Screen) -> Limited | None:
    """Who answers, for at most `ask` questions a problem; nobody without either flag.

    Raises `UsageError` where a person is wanted and there is no terminal.
    """
    if known is not None:
        return Limited(Noted(known), sys.maxsize if ask is None else ask)
    if not ask:
        return None
    if not interactive():
        raise UsageError("--ask wants a terminal to ask at, or --answers FILE")
    return Limited(Terminal(screen, ask), ask)


def answers_in(
    path: Path | None, problems: Mapping[str, Sequence[Test]], screen: Screen
) -> Answers | None:
    """The answers of the file, if one is given; `problems` have the tests known to be right, and
    what contradicts them is said. Raises `ProblemError`."""
    if path is None:
        return None
    known = load(path, problems)
    for problem, tests in problems.items():
        for line in contradictions(known, problem, tests):
            screen.warn(line)
    return known


def unasked(questions: int, silence: str) -> str:
    """Why a person was asked nothing, or nothing more."""
    begin = "no further question" if questions else "no question"
    return f"{begin}: {silence or 'no program to ask about'}"


class Terminal:
    """Reads keys from stdin and writes to stderr. Ctrl-C ends the command, not only a question."""

    def __init__(self, screen: Screen, most: int) -> None:
        self.screen = screen
        self.most = most
        self._one = asyncio.Lock()
        self._asked: dict[str, int] = {}
        self._enough = False

    async def answer(self, question: Question) -> Reply | None:
        async with self._one:
            if self._enough:
                return None
            with self.screen.still():
                return await self._answer(question)

    async def _answer(self, question: Question) -> Reply | None:
        number = self._asked.get(question.problem, 0) + (not question.again)
        self._asked[question.problem] = number
        forget_typed()
        if not question.input:
            self._show(question, number)
            words = await self._line("> ")
            return None if words is None else Reply(text=words.strip())
        with keys(sys.stdin.fileno()):
            self._show(question, number)
            reply = await self._choice(len(question.choices))
        if reply is not None and reply.choice == len(question.choices) - 1:
            forget_typed()
            value = await self._line("  the right value (Enter: not known): ")
            return replace(reply, text=(value or "").strip())
        return reply

    async def _choice(self, last: int) -> Reply | None:
        """What the next key that means something says; `last` is something else."""
        while True:
            typed = (await self._read()).decode(errors="replace")
            # An arrow, say, is a sequence whose letters and digits are no answer.
            for key in "\x1b" if typed.startswith("\x1b") else typed or ENDS:
                if key in ENDS:
                    self._enough = True
                    return None
                if key in "?0d":
                    self._say(f"  {UNKNOWN}", "dim")
                    return Reply()
                if key.isdecimal() and 1 <= int(key) <= last:
                    self._say(f"  {key}", "green")
                    return Reply(choice=int(key) - 1)
            self._say(f"  the keys are 1 to {last}, ? (don't know), q ({ENOUGH})", "yellow")

    def _show(self, question: Question, number: int) -> None:
        self._say()
        self._say(title(question, number, self.most), "bold")
        for line in said(question):
            self._say(line)

    def _say(self, text: str = "", style: str = "") -> None:
        self.screen.words(text, style)

    async def _line(self, prompt: str) -> str | None:
        """A line, edited as the terminal does; `None` where the terminal is gone."""
        self.screen.console.print(prompt, end="", markup=False)
        data = await self._read()
        if not data:
            self._say()
        return data.decode(errors="replace") if data else None

    async def _read(self) -> bytes:
        """What comes next; the loop goes on, so that signals and other work do."""
        loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()
        ready: asyncio.Future[None] = loop.create_future()

        def come() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(descriptor, come)
        try:
            await ready
            return os.read(descriptor, 4096)
        finally:
            loop.remove_reader(descriptor)


_: type[Person] = Terminal


@contextmanager
def keys(descriptor: int) -> Iterator[None]:
    """Each key at once and without an echo; Ctrl-C stays what it is."""
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def title(question: Question, number: int, most: int) -> str:
    about = f" about {question.problem}" if question.problem else ""
    return clip(visible(f"Question {number} of at most {most}{about}"), WIDTH)


def said(question: Question) -> Iterator[str]:
    """The question in lines for 80 columns; long values around where they differ."""
    if not question.input:
        yield question.text
        return
    yield visible(question.text)
    yield f"    {clip(visible(question.input), LONGEST)}"
    values = apart([visible(text) for text in question.choices[:-1]], WIDTH)
    for number, value in enumerate(values, 1):
        yield f"  {number}  {value}"
    yield f"  {len(question.choices)}  {question.choices[-1]} (then type it)"
    yield f"  ?  {UNKNOWN}"
    yield f"  q  {ENOUGH}"
