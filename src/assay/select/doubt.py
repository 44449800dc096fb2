"""Why the first may be wrong, in one line for a person."""

from typing import TYPE_CHECKING

from assay.feedback.shorten import brief
from assay.select.ranking import explain

if TYPE_CHECKING:
    from assay.select.matrix import Matrix
    from assay.select.ranking import Ranking


def doubt(matrix: "Matrix", ranking: "Ranking") -> str:
    """The two readings of an ambiguous task, or that what agrees was never checked."""
    first = int(ranking.order[0])
    if not matrix.loaded[first]:
        return "no program loads"
    support = int(matrix.count[ranking.cluster == 0].sum())
    total = int(matrix.count.sum())
    why = explain(matrix, ranking)
    checked = int(matrix.passed[first].sum())
    if why["second"] is None:
        alike = f"all {total} programs do the same" if total > 1 else "there is one program only"
        if not matrix.tests and not matrix.inputs:
            return "no program was run on any input" if total > 1 else f"{alike}, and not checked"
        if not matrix.tests:
            return f"{alike}, and none was checked"
        return f"{alike}, which passes {checked} of {len(matrix.tests)} tests"
    lead = f"no group of programs leads: the first has {support} of {total}"
    for value in why["values"]:
        one, other = brief(value["first"]), brief(value["second"])
        if one != other:
            return (
                f"two readings: {brief(value['input'])} gives {one} by "
                f"{value['first_share']:.0%} of the programs, {other} by "
                f"{value['second_share']:.0%}"
            )
    return lead
