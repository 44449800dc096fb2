"""Assay's own suite: every reference is right, and what is wrong does not get through."""

import re
from collections import Counter
from pathlib import Path

import pytest
from own_wrong import WRONG

from assay.errors import ProblemError, UsageError
from assay.grade import own
from assay.problem import Call, Command, Io, Test
from assay.sandbox import Job, Run, languages, open_blocking

ITEMS = {item.problem.id: item for item in own.items()}
NOTHING = {"python": "", "javascript": "", "cpp": "int main() {}", "bash": ":", "sql": "SELECT 1;"}
DOCS = Path(__file__).parents[2] / "docs" / "suites_own.md"
each_language = pytest.mark.parametrize("language", own.LANGUAGES)


def runs(jobs: list[tuple[str, str, tuple[Test, ...]]]) -> list[Run]:
    """A run for each id, program and tests. Skips where there is no toolchain."""
    for language in {ITEMS[name].problem.language for name, _, _ in jobs} - {"python"}:
        try:
            languages.resolve(language)
        except UsageError as error:
            pytest.skip(str(error))
    with open_blocking() as box:
        return box.run(
            [
                Job(
                    code=code,
                    language=ITEMS[name].problem.language,
                    tests=tests,
                    limits=ITEMS[name].problem.limits,
                )
                for name, code, tests in jobs
            ]
        )


def of(language: str) -> list[str]:
    return [name for name in ITEMS if name.startswith(f"{language}/")]


def every_test(name: str) -> tuple[Test, ...]:
    return (*ITEMS[name].problem.tests, *ITEMS[name].hidden)


@each_language
def test_every_reference_passes_all_tests(language: str) -> None:
    """Defect: a hidden test that nobody can pass, or that contradicts a visible one."""
    names = of(language)
    found = runs([(name, ITEMS[name].reference or "", every_test(name)) for name in names])
    for name, run in zip(names, found, strict=True):
        assert run.passed, (name, [v for v in run.verdicts if v.outcome != "passed"][:3])


@each_language
def test_a_program_that_does_nothing_fails(language: str) -> None:
    """Defect: hidden tests that say nothing."""
    names = of(language)
    found = runs([(name, NOTHING[language], ITEMS[name].hidden) for name in names])
    for name, run in zip(names, found, strict=True):
        passed = sum(verdict.outcome == "passed" for verdict in run.verdicts)
        assert passed <= len(run.verdicts) / 2, name


@each_language
def test_typical_mistakes_pass_what_is_shown_and_fail_what_is_hidden(language: str) -> None:
    """Defect: hidden tests that reach no further than the visible ones."""
    names = [name for name in WRONG if name in of(language)]
    assert len(names) >= 2
    found = runs([(name, WRONG[name], every_test(name)) for name in names])
    for name, run in zip(names, found, strict=True):
        count = len(ITEMS[name].problem.tests)
        passed = [verdict.outcome == "passed" for verdict in run.verdicts]
        assert all(passed[:count]), (name, run.verdicts[:count])
        assert not all(passed[count:]), name


def test_the_suite_is_what_it_says() -> None:
    """Defect: too few problems, a language or a level without any, one that is there twice."""
    entries = own.entries()
    assert len(entries) == len(ITEMS) >= 60
    assert {entry.level for entry in entries} == set(own.LEVELS)
    for name, item in ITEMS.items():
        assert name.partition("/")[0] == item.problem.language, name
        assert 2 <= len(item.problem.tests) <= 4, name
        assert 6 <= len(item.hidden) <= 20, name
        assert not {test_key(t) for t in item.problem.tests} & {test_key(t) for t in item.hidden}
        assert len({test_key(test) for test in item.hidden}) == len(item.hidden), name
    prompts = Counter(item.problem.prompt for item in ITEMS.values())
    assert max(prompts.values()) == 1


def test_key(test: Test) -> str:
    """What the program is given."""
    match test:
        case Call():
            return test.expression
        case Io():
            return test.stdin
        case Command():
            return f"{test.argv} {test.stdin}"
        case _:
            return test.call


test_key.__test__ = False  # type: ignore[attr-defined]


def test_the_statement_gives_no_hidden_test_away() -> None:
    """Defect: the task shows a call of a hidden test, or its whole output, or the reference."""
    for name, item in ITEMS.items():
        text = item.problem.prompt
        lines = {line.strip() for line in (item.reference or "").splitlines()}
        told = {line for line in text.splitlines() if len(line) > 30 and line.strip() in lines}
        assert not told, (name, told)
        for test in item.hidden:
            assert test_key(test).strip() not in text or len(test_key(test).strip()) < 4, (
                name,
                test,
            )
            if isinstance(test, Io | Command) and len((test.expected or "").strip()) > 6:
                assert (test.expected or "").strip() not in text, (name, test)


def test_the_page_counts_right() -> None:
    """Defect: the table of the documentation is not the suite."""
    text = DOCS.read_text()
    counted = Counter((e.item.problem.language, e.level) for e in own.entries())
    for language in own.LANGUAGES:
        numbers = [counted[language, level] for level in own.LEVELS]
        cells = [language, *map(str, numbers), str(sum(numbers))]
        assert re.search(r"\| +`?" + r"`? +\| +".join(cells) + r" +\|", text), cells


GOOD = {
    "id": "x",
    "level": "easy",
    "prompt": "p",
    "reference": "r",
    "hidden": ["assert f(1) == 2"],
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"level": "simple"}, "level"),
        ({"reference": ""}, "reference"),
        ({"hiden": []}, "hiden"),
        ({"tests": [{"stdin": "1"}]}, "tests.0"),
        ({"tests": [{"output": "1"}]}, "tests"),
        ({"hidden": ["f(1) == "]}, "test 1"),
    ],
)
def test_a_problem_of_the_wrong_form_is_named(change: dict[str, object], said: str) -> None:
    """Defect: a key that is misspelt is not read, or the message does not say where."""
    assert own.entry_of(GOOD, "python").item.reference == "r"
    with pytest.raises(ProblemError, match=f"x.*{said}"):
        own.entry_of(GOOD | change, "python")
