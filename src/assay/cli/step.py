"""A search by hand, on a terminal: each request is shown before it is served."""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assay.candidate import Candidate
from assay.cli.labels import plural
from assay.cli.run import asking
from assay.cli.screen import Screen, forget_typed
from assay.feedback import Attempt
from assay.feedback.critic import numbered
from assay.feedback.person import edited, parse, words
from assay.feedback.shorten import lines_of
from assay.feedback.steps import Ask, Question, Reply, Request, Try
from assay.model import Message, Prompt
from assay.model.prompter import fenced
from assay.problem import Problem
from assay.search.driver import Person, Trail

KEYS = {
    Ask: "Enter: go on · e: edit · c: comment · s: stop",
    Try: "Enter: go on · e [N]: edit program N · c [N]: comment on it · s: stop",
}
CHOOSE = "Enter: go on · e: edit · c: comment · p N: go on from program N · s: stop"
"""Instead of the first of these, once programs were tried."""
RULE = "─" * 78


@dataclass(frozen=True, slots=True)
class Remark:
    said: Sequence[str]
    """Paragraphs for the model."""
    about: Candidate | None = None


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
        self._waiting: list[Remark] = []
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
            "text, `12: about line 12`, e: edit the program, p N: go on from program N, Enter: none"
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
        request = self._with_remarks(request, self._waiting)
        self._waiting = []
        self._show_prompts(request)
        keys = CHOOSE if attempts else KEYS[Ask]
        while True:
            typed = self._read(keys)
            if typed == "":
                return request
            if typed is None or typed == "s":
                self.over = True
                return None
            if typed == "e":
                text = self._edit(request.prompts[0].messages[-1].content)
                request = request if text is None else with_last(request, text)
            elif typed == "c":
                request = self._with_remarks(request, self._comment(newest(attempts), general=True))
            elif (at := chosen(typed, len(attempts))) is not None:
                programs = [attempt.candidate for attempt in attempts]
                request = with_words(request, words(self.problem, Reply(choice=at), programs))
            else:
                tried = plural(len(attempts), "program")
                self._say(f"no {typed!r} here ({keys}); {tried} tried so far")
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
            count = len(request.candidates)
            only = 0 if count == 1 else None
            edit = only if typed == "e" else chosen(typed, count, "e")
            comment = only if typed == "c" else chosen(typed, count, "c")
            if edit is not None:
                request = self._edit_program(request, edit)
                self._show_programs(request)
            elif comment is not None:
                self._waiting += (made := self._comment(request.candidates[comment]))
                self._say("the next prompt has it" if made else "nothing was said")
            elif typed in ("e", "c"):
                self._say(f"which program? {typed} 1 to {typed} {count}")
            else:
                self._say(f"no {typed!r} here ({KEYS[Try]})")

    def _edit_program(self, request: Try, at: int) -> Try:
        mine = request.candidates[at]
        code = self._edit(mine.code or "")
        if code is None:
            return request
        made = edited(self.problem, code, mine)
        return replace(
            request, candidates=(*request.candidates[:at], made, *request.candidates[at + 1 :])
        )

    def _comment(self, about: Candidate | None, *, general: bool = False) -> list[Remark]:
        """`general`: only what names a line is about the program."""
        reply = parse(self._read("what the model should read; `12: …` is about line 12") or "")
        said = words(self.problem, reply, [about] if about else [])
        return [Remark(said, None if general and reply.line is None else about)] if said else []

    def _with_remarks(self, request: Ask, remarks: Sequence[Remark]) -> Ask:
        """Each with the program that it is about, where the prompt has not got it."""
        for remark in remarks:
            code = remark.about.code if remark.about else None
            parts = [] if code is None or has(request, code) else [self._program(code)]
            request = with_words(request, [*parts, *remark.said])
        return request

    def _program(self, code: str) -> str:
        return f"A program that was tried:\n{fenced(self.problem.language, code.rstrip())}"

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


def newest(attempts: Sequence[Attempt]) -> Candidate | None:
    return attempts[-1].candidate if attempts else None


def has(request: Ask, code: str) -> bool:
    """Whether every prompt has this program in it, however it is laid out."""
    body = squeezed(code)
    return all(
        any(body in squeezed(message.content) for message in prompt.messages)
        for prompt in request.prompts
    )


def squeezed(text: str) -> str:
    return " ".join(text.split())


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
