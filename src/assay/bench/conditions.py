"""Feedback conditions: what a loop may be told, under the names that comparisons use.

ConvCodeWorld (Han et al. 2025) crosses execution (none, part or all of the tests) with words
(none, a novice's, an expert's); what the compiler says is in each. `unary` is the control of UFO
(Liu et al. 2025). Here tests are the visible ones, and whoever speaks is shown no more than the
loop itself, and never a solution: an expert who has it nearly tells it.
"""

from assay.errors import UnknownName

CONDITIONS = {
    "compiler": ("build",),
    "partial": ("build", "tests_partial"),
    "full": ("build", "tests"),
    "novice": ("build", "critic_novice_blind"),
    "partial+novice": ("build", "tests_partial", "critic_novice_partial"),
    "full+novice": ("build", "tests", "critic_novice"),
    "expert": ("build", "critic_blind"),
    "partial+expert": ("build", "tests_partial", "critic_partial"),
    "full+expert": ("build", "tests", "critic"),
    "unary": ("unary",),
}
"""Name to the sources of feedback (`feedback.SOURCES`)."""


def sources_in(condition: str) -> str:
    """As `--feedback` writes them. Raises `UnknownName`."""
    if condition not in CONDITIONS:
        raise UnknownName("condition", condition, list(CONDITIONS))
    return ",".join(CONDITIONS[condition])
