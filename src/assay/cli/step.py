"""A search by hand, on a terminal: each request is shown before it is served."""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assay.candidate import Candidate
from assay.cli.run import asking
from assay.cli.screen import Screen, forget_typed
from assay.feedback import Attempt
from assay.feedback.critic import numbered
from assay.feedback.person import edited, parse, words
from assay.feedback.shorten import lines_of
from assay.feedback.steps import Ask, Question, Reply, Request, Try
from assay.model import Message, Prompt
from assay.problem import Problem
from assay.search.driver import Person, Trail

KEYS = {
    Ask: "Enter: go on · e: edit · c: comment · p N: choose program N · s: stop",
    Try: "Enter: go on · e [N]: edit the program · c: comment · s: stop",
}
RULE = "─" * 78


class ByHand:
    """Shows what is about to be asked and run, and takes what the person changes in it.

    It is a `Hand` and a `Person` of the driver. After `s` nothing is shown any more: what is left
    is the choice among the programs that were tried.
    """

    def __init__(self, problem: Problem, screen: Screen, asked: Person | None = None) -> None:
        self.problem, self.screen = problem, screen
        self._asked = asked
        """Who answers questions about values (`--ask`)."""
        self.number = 0
        self.over = False
        self._shown: set[Message] = set()
        self._told = 0
        self._waiting: list[str] = []
        """Comments for the next prompt."""

    async def look(self, request: Request, trail: Trail) -> Request | None:
        if self.over:
            return request
        self.number += 1
        self._tell(trail.attempts)
        match request:
            case Ask():
                return self._before_ask(request, trail.attempts)
            case Try(tests=None):
                return self._before_try(request)
            case _:
                return request  # inputs and programs of our own: nothing to decide

    async def answer(self, question: Question) -> Reply | None:
        """A question of a feedback source; an empty line says nothing."""
        if question.input:
            return None if self._asked is None else await self._asked.answer(question)
        self._say(f"{RULE}\nA word from you:\n{question.text}")
        for number, choice in enumerate(question.choices, 1):
            self._say(f"program {number}:\n{numbered(choice)}")
        typed = self._read(
            "text, `12: about line 12`, e: edit the program, p N: choose, Enter: none"
        )
        if typed == "e" and question.code is not None:
            code = self._edit(question.code)
            return None if code is None else Reply(code=code)
        if not typed:
            return None
        at = chosen(typed, len(question.choices))
        return parse(typed) if at is None else Reply(choice=at)

    def _tell(self, attempts: Sequence[Attempt]) -> None:
        """What came of the programs that were tried since."""
        for attempt in attempts[self._told :]:
            self._say(f"{RULE}\nWhat came of {attempt.candidate.made_by}:")
            self._say(attempt.feedback.message)
        self._told = len(attempts)

    def _before_ask(self, request: Ask, attempts: Sequence[Attempt]) -> Ask | None:
        request = with_words(request, self._waiting)
        self._waiting = []
        self._show_prompts(request)
        while True:
            typed = self._read(KEYS[Ask])
            if typed == "":
                return request
            if typed is None or typed == "s":
                self.over = True
                return None
            if typed == "e":
                text = self._edit(request.prompts[0].messages[-1].content)
                request = request if text is None else with_last(request, text)
            elif typed == "c":
                request = with_words(request, self._comment([a.candidate for a in attempts]))
            elif (at := chosen(typed, len(attempts))) is not None:
                programs = [attempt.candidate for attempt in attempts]
                request = with_words(request, words(self.problem, Reply(choice=at), programs))
            else:
                self._say(f"no {typed!r} here; {len(attempts)} programs were tried so far")
                continue
            self._show_prompts(request)

    def _before_try(self, request: Try) -> Try | None:
        self._show_programs(request)
        while True:
            typed = self._read(KEYS[Try])
            if typed == "":
                return request
            if typed is None or typed == "s":
                self.over = True
                return None
            at = 0 if typed == "e" else chosen(typed, len(request.candidates), "e")
            if at is not None and at < len(request.candidates):
                request = self._edit_program(request, at)
                self._show_programs(request)
            elif typed == "c":
                self._waiting += self._comment(request.candidates)
                self._say("the next prompt has it")
            else:
                self._say(f"no {typed!r} here")

    def _edit_program(self, request: Try, at: int) -> Try:
        mine = request.candidates[at]
        code = self._edit(mine.code or "")
        if code is None:
            return request
        made = edited(self.problem, code, mine)
        return replace(
            request, candidates=(*request.candidates[:at], made, *request.candidates[at + 1 :])
        )

    def _comment(self, candidates: Sequence[Candidate]) -> list[str]:
        typed = self._read("what the model should read; `12: …` is about line 12")
        return list(words(self.problem, parse(typed or ""), candidates))

    def _show_prompts(self, request: Ask) -> None:
        count = len(request.prompts)
        more = f", {count} replies" if count > 1 else ""
        self._say(f"{RULE}\nRequest {self.number}: ask the model{more}")
        for messages in dict.fromkeys(prompt.messages for prompt in request.prompts):
            for message in messages:
                if message in self._shown:
                    lines = len(message.content.splitlines())
                    self._say(f"[{message.role}] (as before, lines: {lines})")
                else:
                    self._say(f"[{message.role}]\n{message.content}")
                    self._shown.add(message)

    def _show_programs(self, request: Try) -> None:
        self._say(f"{RULE}\nRequest {self.number}: run {len(request.candidates)} on the tests")
        for number, candidate in enumerate(request.candidates, 1):
            code = "(no code in the reply)" if candidate.code is None else numbered(candidate.code)
            self._say(f"program {number} by {candidate.made_by}:\n{code}")

    def _say(self, text: str) -> None:
        """Texts of models and programs cannot steer the terminal."""
        self.screen.words(lines_of(text))

    def _read(self, keys: str) -> str | None:
        """A line; `None` at the end of input."""
        with asking():  # from before the prompt is seen: Ctrl-C may come at once
            forget_typed()
            self.screen.console.print(
                f"({keys})\n> ", end="", style="bold", markup=False, emoji=False
            )
            line = sys.stdin.readline()
        return line.strip() if line else None

    def _edit(self, text: str) -> str | None:
        """The text as `$VISUAL` or `$EDITOR` left it; `None` where nothing changed."""
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        with tempfile.TemporaryDirectory(prefix="assay-") as folder:
            path = Path(folder) / ("program.py" if self.problem.language == "python" else "text")
            before = text.encode("utf-8", "replace")  # bytes: line ends stay as they are
            path.write_bytes(before)
            try:
                run_editor([*shlex.split(command), str(path)])
                after = path.read_bytes()
                changed = after.decode("utf-8")
            except (OSError, ValueError, subprocess.CalledProcessError) as error:
                self._say(f"nothing was changed: {command}: {error}")
                return None
        return None if after.rstrip(b"\r\n") == before.rstrip(b"\r\n") else changed


def run_editor(command: Sequence[str]) -> None:
    """Ctrl-C belongs to the editor meanwhile. Raises `OSError`, `CalledProcessError`."""
    with subprocess.Popen(command) as editor:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            status = editor.wait()
        finally:
            signal.signal(signal.SIGINT, before)
    if status != 0:
        raise subprocess.CalledProcessError(status, command)


def chosen(typed: str, count: int, letter: str = "p") -> int | None:
    """The index in `p 2`, where there is such a one."""
    first, _, number = typed.partition(" ")
    if first != letter or not number.strip().isdecimal():
        return None
    at = int(number) - 1
    return at if 0 <= at < count else None


def with_words(request: Ask, parts: Sequence[str]) -> Ask:
    """Each prompt with these paragraphs at its end."""
    if not parts:
        return request
    added = "\n\n".join(parts)
    prompts = tuple(said(prompt, f"{last(prompt)}\n\n{added}") for prompt in request.prompts)
    return replace(request, prompts=prompts)


def with_last(request: Ask, text: str) -> Ask:
    """Prompts that ended as the first does end with `text`."""
    old = last(request.prompts[0])
    prompts = tuple(
        said(prompt, text) if last(prompt) == old else prompt for prompt in request.prompts
    )
    return replace(request, prompts=prompts)


def last(prompt: Prompt) -> str:
    return prompt.messages[-1].content


def said(prompt: Prompt, text: str) -> Prompt:
    mine = replace(prompt.messages[-1], content=text)
    return replace(prompt, messages=(*prompt.messages[:-1], mine))
