"""Problems that the log knows a program for (`search.retrieval.Library`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from assay.search.retrieval import Library, Solved
from assay.store.log import Log


@dataclass(frozen=True)
class SolvedBefore:
    """Those of the runs that were there before `run`, so that the order in which its problems are
    worked on, or a resume, changes nothing."""

    log: Log
    run: str

    @cached_property
    def _solved(self) -> tuple[Solved, ...]:
        found: dict[str, Solved] = {}
        for problem, result in self.log.verified_before(self.run):
            if result["code"]:
                found.setdefault(problem["prompt"], solved_of(problem, result["code"]))
        return tuple(found.values())

    def solved(self) -> Sequence[Solved]:
        """Each problem once, with the first program that passed every visible test; whether the
        hidden ones passed is not looked at. Raises `StoreError`."""
        return self._solved


def solved_of(problem: Mapping[str, Any], code: str) -> Solved:
    return Solved(
        id=problem["id"],
        prompt=problem["prompt"],
        language=problem["language"],
        entry_point=problem["entry_point"],
        tests=tuple(
            f"assert {test['expression']} == {test['expected']}"
            for test in problem["tests"]
            if test.get("expression") and test.get("expected") is not None
        )[:5],
        code=code,
    )


_: type[Library] = SolvedBefore
