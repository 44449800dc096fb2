"""The questions of `assay rank`: who answers them, and the log of what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assay.cli.screen import Screen
from assay.feedback.steps import Question, Reply
from assay.search.driver import Person
from assay.select.pool import Pool
from assay.store import ItemJournal, Log, default_path

if TYPE_CHECKING:
    from assay.select.consulting import Hearing
    from assay.select.matrix import Matrix


class Flags(Protocol):
    @property
    def ask(self) -> int | None: ...
    @property
    def answers(self) -> Path | None: ...
    @property
    def log(self) -> Path | None: ...
    @property
    def selector(self) -> str: ...


@dataclass(slots=True)
class Asking:
    person: Person | None
    flags: Flags
    log: Log | None = None
    run: str = ""

    @classmethod
    def of(cls, pools: Sequence[Pool], flags: Flags, screen: Screen) -> Asking:
        """Raises `UsageError`: no terminal; `ProblemError`: answers that cannot be read."""
        if flags.answers is None and not flags.ask:
            return cls(None, flags)
        from assay.cli.dialogue import answers_in, person_for

        known = {
            pool.task: [t for t, right in zip(pool.tests, pool.binding, strict=True) if right]
            for pool in pools
        }
        return cls(person_for(flags.ask, answers_in(flags.answers, known, screen), screen), flags)

    async def about(self, matrix: Matrix) -> Hearing:
        from assay.select.consulting import Hearing, interview

        if self.person is None:
            return Hearing(matrix=matrix)

        def tell(question: Question, reply: Reply) -> None:
            self._journal(matrix.task).note(
                "consult", {"question": asdict(question), "reply": asdict(reply)}
            )

        heard = await interview(matrix, matrix.task, self.person, tell)
        if heard.told:
            body = {"answers": [told.record for told in heard.told]}
            self._journal(matrix.task).note("decision", body)
        return heard

    def unasked(self, heard: Hearing) -> str:
        from assay.cli.dialogue import unasked

        return unasked(heard.questions, heard.silence)

    def _journal(self, task: str) -> ItemJournal:
        """Opened with the first answer: without one there is nothing to keep."""
        if self.log is None:
            self.log = Log(self.flags.log or default_path())
            self.run = self.log.start("rank", {"selector": self.flags.selector})
        return ItemJournal(self.log, self.run, task)

    def close(self) -> None:
        if self.log is not None:
            self.log.append(self.run, "", "end", {})
            self.log.close()
