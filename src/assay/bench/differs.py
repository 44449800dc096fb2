"""By what two stored runs differ beside their results: as data, and in words.

Only other hidden tests make figures meaningless (`stored.common_problems` refuses these). All else
that was asked of the runs may be what one wants to compare, but is named.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from assay.bench import APART
from assay.bench.resume import BEGUN_WITH
from assay.bench.stored import Stored

NO_SETTING = ("suite", "cells", *BEGUN_WITH)
"""Keys of a run's configuration that are no setting of how its cells worked."""
PARTS = (*(part for part in APART if part != "suite"), "seed")
WITHOUT = {"rejudged": "as first graded", "imported": "made by Assay"}
"""What it means that a run has no such key."""


def settings_of(run: Stored) -> dict[str, Any]:
    return {name: value for name, value in run.row.config.items() if name not in NO_SETTING}


def differs(a: Stored, b: Stored) -> dict[str, list[Any]]:
    """By name, the value of each run: settings such as the budget, and parts of the cells, of
    which each run has a list. Of an imported run no settings are known that could differ."""
    one, other = (settings_of(run) for run in (a, b))
    both = [name for name in one if name in other]
    found = {name: [one.get(name), other.get(name)] for name in (*both, *WITHOUT)}
    for part in PARTS:
        found[part] = [sorted({getattr(cell, part) for cell in run.cells}) for run in (a, b)]
    return {name: values for name, values in found.items() if values[0] != values[1]}


def asked_otherwise(a: Stored, b: Stored, problems: Sequence[str]) -> list[str]:
    """Those of `problems` whose text, visible tests or limits were not the same for both runs."""
    known = [
        dict(zip(run.row.config["problems"], run.row.config.get("asked", ()), strict=False))
        for run in (a, b)
    ]
    return [p for p in problems if all(p in side for side in known) and known[0][p] != known[1][p]]


def in_words(differences: Mapping[str, Sequence[Any]], otherwise: Sequence[str]) -> list[str]:
    """A sentence each."""
    said = [
        f"the runs differ in {name}: {phrase(name, one)} and {phrase(name, other)}"
        for name, (one, other) in differences.items()
    ]
    if otherwise:
        more = f" and {len(otherwise) - 1} more" if otherwise[1:] else ""
        said.append(f"{otherwise[0]}{more} had another text, other visible tests or limits")
    return said


def phrase(name: str, value: Any) -> str:
    match value:
        case None | "":
            return WITHOUT.get(name, "not set")
        case bool():
            return "yes" if value else "no"
        case {"run": origin, **terms}:
            given = {key: term for key, term in terms.items() if term not in (None, False)}
            told = ", ".join(f"{key}={term}" for key, term in given.items())
            return f"rejudge of {origin}" + (f" with {told}" if told else "")
        case {"file": file, "format": form}:
            return f"import of {file} ({form})"
        case list():
            return ", ".join(str(one) or "none" for one in value)
        case _:
            return str(value)
