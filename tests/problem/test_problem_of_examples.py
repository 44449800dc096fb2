"""The problems of `examples/`: each has tests that a right program passes and a blank one fails."""

from pathlib import Path

import pytest

from assay.candidate.splice import build
from assay.problem import Problem, Test, jsonl, python, testfile, text
from assay.sandbox import Job, open_sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
SOLUTIONS = {
    "intervals.py": """
def merge(intervals):
    merged = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
""",
    "roman.py": """
PAIRS = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
         (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]

def to_roman(number):
    digits = ""
    for value, letters in PAIRS:
        while number >= value:
            digits += letters
            number -= value
    return digits
""",
    "words.py": """
def count_vowels(text):
    return sum(letter in "aeiou" for letter in text.lower())

def reverse_words(text):
    return " ".join(reversed(text.split()))
""",
    "tests/test_add.py": "def add(a, b):\n    return a + b\n",
    "clamp": "def clamp(x, low, high):\n    return max(low, min(x, high))\n",
    "is_anagram": "def is_anagram(a, b):\n    return sorted(a) == sorted(b)\n",
}


def problems() -> dict[str, tuple[Problem, tuple[Test, ...]]]:
    """Each with all of its tests, hidden ones included."""
    found = {}
    for path in sorted(EXAMPLES.glob("*.py")):
        problem = python.load(path)
        found[path.name] = (problem, problem.tests)
    for path in sorted(EXAMPLES.glob("tests/*.py")):
        tests = testfile.load(path)
        found[f"tests/{path.name}"] = (text.problem("Write a function add(a, b).", tests), tests)
    for path in sorted(EXAMPLES.glob("*.jsonl")):
        for row in jsonl.read_rows(path):
            problem = jsonl.problem_of(row)
            found[row.id] = (problem, (*problem.tests, *jsonl.hidden_of(row)))
    return found


def test_every_example_has_a_solution_here() -> None:
    assert problems().keys() == SOLUTIONS.keys()


@pytest.mark.parametrize("name", SOLUTIONS)
async def test_the_solution_passes_and_nothing_does_not(name: str) -> None:
    """Defects: an example in the README with a wrong test; one that any program passes."""
    problem, tests = problems()[name]
    assert problem.tests
    code = build(problem, f"```python\n{SOLUTIONS[name]}```")
    assert code is not None
    sandbox = open_sandbox(slots=1)
    try:
        blank = problem.starter or "x = 1\n"
        right, wrong = await sandbox.run([Job(code=c, tests=tests) for c in (code, blank)])
    finally:
        await sandbox.close()
    assert right.passed, right.verdicts
    assert all(verdict.outcome != "passed" for verdict in wrong.verdicts)
