"""What a person sees while Assay works: lines and bars on stderr, made for 80 columns."""

import os
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from assay.bench import Result
from assay.bench.unmeasured import why
from assay.cli.progress import Work
from assay.feedback.shorten import head, visible
from assay.sandbox import Isolation

Tell = Callable[[int, int, str], None]
"""Progress: done, total (both in bytes or steps; 0 when unknown), what."""

SELDOM = 30.0
"""Seconds between two lines of progress in a file or a pipe."""

MARKS = {
    "verified": ("green", "✓"),
    "likely": ("cyan", "~"),
    "abstained": ("yellow", "?"),
    "failed": ("red", "✗"),
    "unmeasured": ("magenta", "!"),
}


class Screen:
    """Writes to stderr; quiet under `--json` except for notices and warnings."""

    def __init__(self, quiet: bool = False) -> None:
        from rich.console import Console

        self.quiet = quiet
        self._status: Any = None
        self.console = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        if not self.quiet:
            self.words(text, style)

    def words(self, text: str, style: str = "") -> None:
        """On a terminal lines are broken between words; elsewhere they stay whole."""
        whole = not self.console.is_terminal
        self.console.print(text, style=style or None, markup=False, emoji=False, soft_wrap=whole)

    def tell_tier(self, isolation: Isolation) -> None:
        """Which tier is used where it is not the best one: never without a word."""
        if isolation.note:
            tier = f"{isolation.far} there" if isolation.tier == "remote" else isolation.tier
            text = f"isolation: {tier} ({isolation.note})"
            self.words(text, "yellow")

    def warn(self, text: str) -> None:
        self.words(text, "bold red")

    def result(self, result: Result, width: int, label: str = "", graded: bool = False) -> None:
        """One line: status, problem, visible tests, hidden verdict, candidates, tokens, seconds.
        `graded`: to have no hidden verdict needs a reason, which nothing else says."""
        from rich.text import Text

        if self.quiet:
            return
        color, mark = MARKS[result.status]
        said = facts(result, graded=graded)
        if self.console.is_terminal:
            room = self.console.width - 14
            if width + len(said) > room:
                said = facts(result, graded=graded, brief=True)
            kept = width if "NOT MEASURED" in said else min(width, room - len(said))
            width = max(12, kept)
            said = head(said, room - width)
        line = Text(f"{mark} {result.status:<10} ", style=color)
        name = label + ending(result.problem, width - len(label))
        line.append(f"{name:<{width}} ", style="default")
        line.append(said, style="dim")
        self.console.print(line, soft_wrap=True)

    @contextmanager
    def working(self, total: int, what: str = "problem") -> Iterator[Callable[..., None]]:
        """How far the work on so many is; call what it gives after each, or with how many."""
        work = Work(total, what)
        with self.live(work.line):
            yield work.step

    @contextmanager
    def live(self, line: Callable[[], str], every: float = SELDOM) -> Iterator[None]:
        """A line that says at each moment what `line` gives; where there is no terminal, another
        line `every` so many seconds."""
        from rich.live import Live
        from rich.spinner import Spinner
        from rich.text import Text

        if self.quiet:
            yield
            return
        if not self.console.is_terminal:
            with self._now_and_then(line, every):
                yield
            return
        moving = Spinner("dots")

        def now() -> Spinner:
            moving.update(text=Text(line(), no_wrap=True))
            return moving

        live = Live(console=self.console, get_renderable=now, refresh_per_second=8, transient=True)
        with live as self._status:
            try:
                yield
            finally:
                self._status = None

    @contextmanager
    def _now_and_then(self, line: Callable[[], str], every: float) -> Iterator[None]:
        """From a thread of its own, as the work may leave nobody else the time."""
        over = threading.Event()

        def tell() -> None:
            while not over.wait(every):
                self.say(line())

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """A line that moves, on a terminal."""
        if self.quiet or not self.console.is_terminal:
            yield
            return
        with self._moving(what):
            yield

    @contextmanager
    def _moving(self, text: str) -> Iterator[Any]:
        with self.console.status(text) as self._status:
            try:
                yield self._status
            finally:
                self._status = None

    @contextmanager
    def still(self) -> Iterator[None]:
        """Without the line that moves: a person is asked."""
        status = self._status
        if status is not None:
            status.stop()
        try:
            yield
        finally:
            if status is not None:
                status.start()

    @contextmanager
    def waiting(self, what: str) -> Iterator[Tell]:
        """A bar while something slow is under way; gone when it is over."""
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TransferSpeedColumn,
        )

        if self.quiet or not self.console.is_terminal:
            yield self._plain_progress()
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(what, total=None)

            def tell(done: int, total: int, text: str) -> None:
                bar.update(task, completed=done, total=total or None, description=text or what)

            yield tell

    def _plain_progress(self) -> Tell:
        """Without a terminal: a line at each tenth."""
        last = -1

        def tell(done: int, total: int, text: str) -> None:
            nonlocal last
            tenth = 10 * done // total if total else -1
            if tenth > last:
                last = tenth
                self.say(f"{text}: {10 * tenth} % of {total / 1e6:,.0f} MB")

        return tell


def facts(result: Result, *, graded: bool = False, brief: bool = False) -> str:
    cost, seen = result.cost, result.visible
    tests = f"tests {seen['passed']}/{seen['total']}" if seen["total"] else untested(result)
    hidden = {True: "hidden ok", False: "hidden WRONG", None: ""}[result.hidden]
    if graded and result.hidden is None:
        hidden = f"NOT MEASURED: {visible(' '.join(why(result).split()))}"
        return f"{tests}  {hidden}" if seen["total"] else hidden
    parts = (
        tests,
        hidden,
        "" if brief else f"{result.candidates} cand.",
        f"{cost['prompt_tokens'] + cost['completion_tokens']:,} tok{cached(cost)}",
        f"{cost['seconds']:.1f} s",
        "in-process" if result.judging == "in-process" else "",
    )
    return "  ".join(part for part in parts if part)


def cached(cost: dict[str, Any]) -> str:
    """Whether the tokens were spent now; a result of an older log does not say."""
    calls = cost.get("cached_calls", 0)
    return "" if not calls else " (cached)" if calls == cost["calls"] else f" ({calls} cached)"


def untested(result: Result) -> str:
    """Where no test was judged: there is none, or no program came so far."""
    return "nothing ran" if result.judging is None else "no tests"


def rate(row: dict[str, Any]) -> str:
    if row["interval"] is None:
        return "not measured"
    low, high = row["interval"]
    return f"{100 * row['pass@1']:.1f} % ({100 * low:.0f}-{100 * high:.0f})"


def ending(text: str, width: int) -> str:
    """Shortened at its beginning: names differ at their ends."""
    return text if len(text) <= width else "…" + text[len(text) - width + 1 :]


def forget_typed() -> None:
    """What was typed before a question was shown does not answer it; of a pipe nothing is lost."""
    with suppress(OSError, termios.error):
        if sys.stdin.isatty():
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def interactive() -> bool:
    """Whether a person sits at both ends; `ASSAY_BATCH` says no in any case."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("ASSAY_BATCH")
