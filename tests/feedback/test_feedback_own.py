"""Sources of a user's own, and the mistakes in them."""

from pathlib import Path

import pytest
from feedback_parties import attempt_of, serve

from assay.errors import UsageError
from assay.feedback.combine import find_source, gather
from assay.model.prompter import Prompter
from assay.problem import Call, Problem

OWN = """
from assay.feedback import Feedback

def crash(problem, attempt, prompter):
    raise RuntimeError("my bug")
    yield

def plain(problem, attempt, prompter):
    return Feedback(source="plain", message="x")

def text(problem, attempt, prompter):
    return "x"
    yield
"""
PROBLEM = Problem(
    id="p", prompt="p", entry_point="f", tests=(Call(id="t", expression="f(1)", expected="1"),)
)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crash", r"own:crash: RuntimeError: my bug \(own\.py, line 5\)"),
        ("plain", "own:plain: it is no generator"),
        ("text", "own:text: it gave no Feedback but 'x'"),
    ],
)
async def test_a_mistake_in_a_source_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    """Catches: ninety lines of Assay's insides for a slip in the user's own file."""
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    prompter = Prompter(sources=("tests", f"own:{name}"))
    with pytest.raises(UsageError, match=said):
        await serve(PROBLEM, gather(PROBLEM, attempt_of(PROBLEM, "x", "2"), prompter))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:f", "No module named 'no_such_module'; is its folder on PYTHONPATH"),
        ("json:no_such", "has no attribute 'no_such'"),
        ("test", "Did you mean 'tests'"),
    ],
)
def test_what_cannot_be_loaded_says_why(name: str, said: str) -> None:
    """Catches: a list of Assay's own names for a module that was not found."""
    with pytest.raises(UsageError, match=said):
        find_source(name)
