"""Which tests of a job run together, and where they are judged."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from assay.problem import Call, Script
from assay.sandbox.child import purity, static
from assay.sandbox.verdicts import test_data

Place = Literal["shared", "own", "direct"]
"""A judge that many jobs share; one of their own; the candidate's process itself."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tests (by their index in the job) that meet the same process of the candidate."""

    place: Place
    tests: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the text of one test says."""

    data: dict[str, Any]
    """The test as its judge gets it."""
    pure: bool
    simple: bool
    """Evaluating it changes nothing that another test of the job sees."""
    patches: bool
    """It replaces parts of the candidate."""


@lru_cache(2048)
def read(test: Call | Script) -> Reading:
    data = test_data(test)
    simple = static.groupable(data)
    data["names"] = sorted(static.mentioned(data))  # so that no judge has to parse it for that
    return Reading(data, simple or purity.pure(data), simple, static.patches(data))


def groups(tests: list[Call | Script], code: str) -> list[Group]:
    """Only the texts of tests and candidate decide, never what the candidate does.

    Simple calls of a stateless candidate cannot tell whether they share a process; tests of one
    file for pytest or unittest share it as they do elsewhere. Every other test is alone.
    """
    text = static.CandidateText(code)
    found: dict[Any, tuple[Place, list[int]]] = {}
    for index, test in enumerate(tests):
        reading = read(test)
        direct = reading.patches or static.uses_class(reading.data, text)
        place: Place = "direct" if direct else "shared" if reading.pure else "own"
        key: Any = index
        if isinstance(test, Script) and test.framework != "plain":
            key = (test.framework, test.source, direct)
        elif len(tests) > 1 and place == "shared" and reading.simple and text.stateless:
            key = "calls"
        found.setdefault(key, (place, []))[1].append(index)
    return [Group(place, tuple(indices)) for place, indices in found.values()]
