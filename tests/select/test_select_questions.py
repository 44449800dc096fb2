"""Questions: gains by hand, properties of the choice and of what an answer does to beliefs."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import ProblemError
from assay.feedback.steps import Consult, Question, Recall, Reply
from assay.problem import Call
from assay.sandbox import open_sandbox
from assay.search.driver import Person
from assay.select.consulting import OTHER, ask_person, interview
from assay.select.matrix import Matrix, matrix_of
from assay.select.people import Erring, Limited, Noted, Reference, contradictions, load
from assay.select.questions import (
    NOBODY,
    UNKNOWN,
    Beliefs,
    alike,
    beliefs,
    best_input,
    canonical,
    gain,
    heard,
    information,
    is_value,
    says_all,
)
from assay.select.ranking import rank


def belief(share: list[float], values: list[list[int]], error: float = 0.0) -> Beliefs:
    columns = np.array(values)
    return Beliefs(
        share=np.array(share), values=columns, unknown=np.zeros(columns.shape[1]), error=error
    )


def test_the_gain_by_hand() -> None:
    """Catches: entropy in place of gain, a sum over groups instead of the likeliest of a value."""
    known = belief([0.4, 0.3, 0.2], [[1, 1, 1], [1, 2, 2], [1, 2, 3]])
    assert gain(known, 0) == pytest.approx(0)
    assert gain(known, 1) == pytest.approx(0.4 + 0.3 - 0.4)
    assert gain(known, 2) == pytest.approx(0.4 + 0.3 + 0.2 - 0.4)
    assert best_input(known, set()) == 2
    assert best_input(known, {2}) == 1
    assert best_input(known, {1, 2}) is None


def test_the_gain_with_a_person_who_errs_or_does_not_know() -> None:
    """Catches: an error rate that is not spread over the other values, u that adds to the gain."""
    known = belief([0.6, 0.3], [[1], [2]], error=0.1)
    assert gain(known, 0) == pytest.approx(0.9 * 0.6 + 0.9 * 0.3 - 0.6)
    known = belief([0.6, 0.05], [[1], [2]], error=0.1)
    # After "2" the first is still the likelier one (0.06 against 0.045): no answer changes it.
    assert gain(known, 0) == pytest.approx(0.9 * 0.6 + 0.1 * 0.6 - 0.6)
    unsure = replace(belief([0.6, 0.3], [[1], [2]]), unknown=np.array([0.25]))
    assert gain(unsure, 0) == pytest.approx(0.75 * (0.6 + 0.3) + 0.25 * 0.6 - 0.6)


def test_the_gain_where_the_first_raises_or_values_are_many() -> None:
    """Catches: an exception that is an answer, values beyond the listed that all are typed."""
    known = belief([0.5, 0.3], [[-1], [2]])
    assert gain(known, 0) == pytest.approx(0.3)
    assert gain(belief([0.5, 0.3], [[-1], [-2]]), 0) == pytest.approx(0)
    many = belief([0.3, 0.2, 0.1, 0.05], [[1], [2], [3], [4]])
    # Two are listed; else 3 and 4 are typed half of the time, or only known to be none of these.
    assert gain(many, 0, 2) == pytest.approx(0.5 + 0.5 * 0.15 + 0.5 * 0.1 - 0.3)


def test_equal_gains_are_told_apart_by_information() -> None:
    """Catches: the first of equals, though another answer says more."""
    known = belief([0.5, 0.2, 0.2], [[1, 1], [2, 2], [2, 2], [3, 1]][:3])
    assert best_input(known, set()) == 0
    split = belief([0.5, 0.2, 0.1, 0.1], [[1, 1], [2, 2], [2, 1], [2, 2]])
    assert gain(split, 0) == gain(split, 1)
    assert best_input(split, set()) == int(information(split, 1) > information(split, 0))


shares = st.lists(st.floats(0.001, 1), min_size=2, max_size=6)


@st.composite
def situations(draw: st.DrawFn) -> Beliefs:
    raw = np.array(draw(shares))
    share = raw / raw.sum() * draw(st.floats(0.1, 1))
    inputs = draw(st.integers(1, 4))
    cell = st.integers(-1, 3)
    values = [draw(st.lists(cell, min_size=inputs, max_size=inputs)) for _ in share]
    unknown = draw(st.lists(st.floats(0, 0.9), min_size=inputs, max_size=inputs))
    error = draw(st.sampled_from([0.0, 0.01, 0.2]))
    return Beliefs(share=share, values=np.array(values), unknown=np.array(unknown), error=error)


@given(situations(), st.sets(st.integers(0, 3)))
def test_no_other_question_has_a_higher_gain(known: Beliefs, asked: set[int]) -> None:
    """Catches: a choice that is not the best, one asked twice, one that is worth nothing."""
    place = best_input(known, asked, least=0.01)
    left = [gain(known, n) for n in range(known.values.shape[1]) if n not in asked]
    if place is None:
        assert all(one < 0.01 + 1e-8 for one in left)
    else:
        assert place not in asked
        assert gain(known, place) >= max(left) - 1e-8 >= 0.01 - 2e-8


@given(situations(), st.data())
def test_a_true_answer_never_lowers_the_truth(known: Beliefs, data: Any) -> None:
    """Catches: a discount on the wrong side, and shares that do not stay probabilities."""
    truth = data.draw(st.integers(0, len(known.share) - 1))
    place = data.draw(st.integers(0, known.values.shape[1] - 1))
    value = int(known.values[truth, place])
    if value < 0:
        return
    after = heard(known, place, {value})
    assert after.share[truth] >= known.share[truth] - 1e-12
    assert 0 <= after.share.sum() <= 1 + 1e-9
    others = {int(n) for n in known.values[:, place] if n >= 0} - {value}
    told = heard(known, place, others, excluded=True)
    assert told.share[truth] >= known.share[truth] - 1e-12


@given(situations())
def test_no_gain_is_below_nothing(known: Beliefs) -> None:
    """Catches: an answer that makes the choice worse in the mean, which none can."""
    for place in range(known.values.shape[1]):
        # Values beyond the listed are not all typed, and a wrong answer may be any of them.
        assert gain(known, place, choices=99) >= -known.error - 1e-9


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("True", "1", True),
        ("1.0", "1", True),
        ("[1, 2.0]", "[1.0, 2]", True),
        ("[1]", "(1,)", False),
        ("{1, 2}", "{2, 1}", True),
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", True),
        ("0.30000000000000004", "0.3", True),
        ("'1'", "1", False),
        ("1e400", "2e400", True),
        ("<object f>", "<object f>", True),
        ("(" * 999, "1", False),
    ],
)
def test_values_that_python_finds_equal_are_one(one: str, other: str, same: bool) -> None:
    """Catches: a person who is asked to choose between True and 1."""
    assert (canonical(one) == canonical(other)) is same


def task(values: list[list[str]], inputs: list[str], **more: Any) -> Matrix:
    """Programs that pass every test, by the texts of their values; `!` for an exception."""
    known: dict[str, int] = {}
    rows = [[known.setdefault(text, len(known)) for text in row] for row in values]
    numbers = [
        [-1 - n if text.startswith("!") else n for n, text in zip(row, texts, strict=True)]
        for row, texts in zip(rows, values, strict=True)
    ]
    shown = {-1 - n if text.startswith("!") else n: text for text, n in known.items()}
    made = matrix_of("T", [[True]] * len(values), values=numbers, count=more.pop("count", None))
    return replace(made, inputs=tuple(inputs), shown=shown, **more)


def ask(matrix: Matrix, person: Person) -> Any:
    return asyncio.run(interview(matrix, "T", person, lambda question, reply: None))


def test_an_answer_is_a_binding_test() -> None:
    """Catches: an answer that only weighs, that is no test, or that lets no confidence grow."""
    matrix = task([["1", "5"], ["1", "5"], ["2", "6"], ["!E", "7"]], ["f(0)", "f(1)"])
    assert rank(matrix, "posterior").order[0] == 0
    heard_ = ask(matrix, Limited(Noted({"T": {"f(0)": "2"}}), 1))
    ranking = heard_.sure(rank(heard_.matrix, "posterior"))
    assert ranking.order[0] == 2
    [told] = heard_.told
    assert (told.test.expression, told.test.expected, told.test.origin) == ("f(0)", "2", "person")
    assert heard_.matrix.binding.tolist() == [False, True]
    assert heard_.matrix.passed[:, 1].tolist() == [False, False, True, False]
    before = rank(matrix, "posterior").probability
    assert before is not None
    assert ranking.confidence > before[2]


def test_something_else_excludes_what_was_listed() -> None:
    """Catches: "something else" that says nothing, or that favours what raises."""
    matrix = task([["1"], ["1"], ["2"], ["!E"]], ["f(0)"])

    class Dismissive:
        async def answer(self, question: Question) -> Reply | None:
            assert question.choices[-1] == OTHER
            return Reply(choice=len(question.choices) - 1)

    found = ask(matrix, Dismissive())
    assert not found.matrix.passed[:, 1].any()
    assert found.told[0].test.expression == "f(0) not in (1, 2, )"
    ranking = found.sure(rank(found.matrix, "posterior"))
    assert ranking.confidence == 0


class Stubborn:
    """Says the same to every question, and keeps what it was asked."""

    def __init__(self, reply: Reply | None) -> None:
        self.reply = reply
        self.heard: list[Question] = []

    async def answer(self, question: Question) -> Reply | None:
        self.heard.append(question)
        return self.reply


def test_who_contradicts_a_visible_test_is_asked_once_more() -> None:
    """Catches: an endless dispute, a contradiction that nobody hears of, an answer that is lost."""
    matrix = task([["1", "5"], ["2", "5"], ["3", "6"]], ["f(0)", "f(1)"])
    matrix = replace(matrix, binding=np.array([True]), passed=np.array([[True], [True], [False]]))
    person = Stubborn(Reply(text="3"))
    found = ask(matrix, Limited(person, 1))
    assert [question.again for question in person.heard] == [False, True]
    assert "fails test 0" in person.heard[1].text
    assert (found.questions, found.told[0].value) == (1, "3")


@pytest.mark.parametrize("reply", [Reply(text="f("), Reply(choice=99), Reply(choice=-1), Reply()])
def test_an_answer_that_is_none_changes_nothing(reply: Reply) -> None:
    """Catches: an index from nowhere, and text that is evaluated or stands as a value."""
    found = ask(task([["1"], ["2"]], ["f(0)"]), Limited(Stubborn(reply), 5))
    assert (found.told, found.questions) == ((), 1)


def test_nobody_is_asked_in_vain() -> None:
    """Catches: questions to nobody, about one program, about equal ones, about long values, about
    what a visible test settles; and silence without a reason."""
    person = Stubborn(Reply(choice=0))
    assert ask(task([["1"], ["2"]], ["f(0)"]), Stubborn(None)).questions == 0
    silences = []
    for matrix in (
        task([["1"]], ["f(0)"]),
        task([["1"], ["1"]], ["f(0)"]),
        task([["1"], ["1.0"]], ["f(0)"]),
        task([["!E"], ["!F"]], ["f(0)"]),
        task([["1"], ["2"]], ["f(x)"]),
        task([["1"], ["x" * 120 + "… " + "0" * 24]], ["f(0)"]),
        replace(task([["1"], ["2"]], ["f(0)"]), binding=np.array([True]), input_of=np.array([0])),
        task([[], []], []),
    ):
        silences.append(ask(matrix, person).silence)
    assert person.heard == []
    assert silences == [
        "there is only one program",
        "all programs do the same",
        "all programs do the same",
        "no program returns a value",
        "values or inputs cannot be shown, or visible tests settle them",
        "values or inputs cannot be shown, or visible tests settle them",
        "values or inputs cannot be shown, or visible tests settle them",
        "there is no input to ask about",
    ]


@pytest.mark.parametrize(
    ("call", "alone"),
    [
        ("f([1, {'a': 2}], key=None)", True),
        ("f(sorted({3, 1}), range(3))", True),
        ("f([x * 2 for x in (1, 2)])", True),
        ("Tree(f(1)).total", True),
        ("f(grid)", False),
        ("grid.total(1)", False),
        ("f(", False),
    ],
)
def test_an_input_says_itself_what_it_is(call: str, alone: bool) -> None:
    """Catches: a person who is asked about a name that they never saw."""
    assert says_all(call) is alone


def test_a_long_input_is_asked_only_where_no_short_one_does() -> None:
    """Catches: a person who has to read a thousand numbers."""
    long = f"f({list(range(400))})"
    matrix = task([["1", "1"], ["2", "2"]], [long, "f(0)"])
    known, _ = beliefs(matrix)
    assert known.unknown[1] == pytest.approx(UNKNOWN, abs=0.01)
    assert best_input(known, set()) == 1


def test_the_generator_asks_only_the_person() -> None:
    """Catches: a question that costs runs or tokens."""
    steps = ask_person(task([["1"], ["2"]], ["f(0)"]), "T")
    request = next(steps)
    assert type(request).__name__ == "Consult"
    last = steps.send(None)
    assert isinstance(last, Consult)
    assert isinstance(last.question, Recall)
    with pytest.raises(StopIteration):
        steps.send(None)


def test_answers_of_a_file_bind_without_a_question() -> None:
    """Catches: an answer dropped because no question had a gain, or because there is one program;
    a row about an unknown input that is lost without a word; more of them than --ask allows."""
    for count in (10, 1):
        matrix = task([["1", "5"]] * count, ["f(0)", "f(1)"])
        person = Limited(Noted({"T": {"f(0)": "99", "f(7)": "1"}}), 9)
        found = ask(matrix, person)
        assert [told.said for told in found.told] == ["f(0) gives 99"]
        assert (found.questions, found.unused) == (0, ("f(7)",))
        assert found.sure(rank(found.matrix, "posterior")).confidence == 0
        assert ask(matrix, Limited(person.person, 0)).told == ()
    settled = replace(
        task([["1"], ["2"]], ["f(0)"]), binding=np.array([True]), input_of=np.array([0])
    )
    assert ask(settled, Limited(Noted({"T": {"f(0)": "2"}}), 9)).told == ()


def test_what_a_file_knows_is_never_asked_of_a_person() -> None:
    """Catches: a terminal that is asked about every input after the last question."""
    person = Stubborn(Reply(choice=0))
    assert Limited(person, 9).recall(Recall(text="", choices=("f(0)",), problem="T")) is None
    assert person.heard == []
    found = ask(task([["1"], ["2"]], ["f(0)"]), person)
    assert all(not isinstance(question, Recall) for question in person.heard)
    assert found.questions == len(person.heard)


def test_a_typed_float_is_as_exact_as_the_test_it_becomes() -> None:
    """Catches: 0.3333333 that no program gives, and a value in a list or a dict."""
    exact = str(1 / 3)
    for value, typed in (
        (exact, "0.3333333"),
        (f"[{exact}]", "[0.3333333]"),
        (f"{{'a': {exact}}}", "{'a': 0.3333333}"),
    ):
        found = ask(task([["0"], [value]], ["f(1)"]), Limited(Stubborn(Reply(text=typed)), 1))
        assert found.told[0].agrees.tolist() == [False, True]
    assert not alike("0.33", exact)
    assert not alike("1", "1.1")


def test_a_number_that_python_does_not_write_is_no_value() -> None:
    """Catches: a ValueError out of a person's text or out of a program's value."""
    huge = "0x" + "f" * 5000
    assert not is_value(huge)
    assert canonical(huge) == huge
    assert ask(task([["1"], ["2"]], ["f(0)"]), Limited(Stubborn(Reply(text=huge)), 1)).told == ()


def test_who_quits_when_asked_again_has_answered() -> None:
    """Catches: a first answer that is lost where the second one never comes."""
    matrix = task([["1", "5"], ["2", "5"], ["3", "6"]], ["f(0)", "f(1)"])
    matrix = replace(matrix, binding=np.array([True]), passed=np.array([[True], [True], [False]]))

    class Quits:
        async def answer(self, question: Question) -> Reply | None:
            return None if question.again else Reply(text="3")

    assert [told.value for told in ask(matrix, Limited(Quits(), 1)).told] == ["3"]


def test_some_belief_is_left_that_no_program_is_right() -> None:
    """Catches: groups that share all of the belief, so that an answer against all is impossible."""
    matrix = task([["1"]] * 60 + [["2"]] * 60, ["f(0)"])
    known, _ = beliefs(replace(matrix, size=np.full(120, 60.0)))
    assert known.share.sum() <= 1 - NOBODY + 1e-12


async def test_a_simulated_person_answers_by_running_the_reference() -> None:
    """Catches: a reference that runs in our process, a raise that is an answer, a part of a long
    value told as the value."""
    sandbox = open_sandbox(slots=1)
    try:
        code = "import sys\ndef f(x):\n    return 1 / x if 'pytest' not in sys.modules else 'ours'"
        person = Reference(sandbox, {"T": code})
        asked = Question(text="?", choices=("0.5", "2", OTHER), input="f(2)", problem="T")
        assert await person.answer(asked) == Reply(choice=0)
        assert await person.answer(replace(asked, input="f(0)")) == Reply()
        assert await person.answer(replace(asked, input="f(4)")) == Reply(choice=2, text="0.25")
        assert await person.answer(replace(asked, problem="U")) is None
        whole = Reference(sandbox, {"T": "def f(x):\n    return list(range(x)) or 'a' * 5000"})
        for call in ("f(300)", "f(0)"):  # of which a verdict tells only a part
            assert await whole.answer(replace(asked, input=call)) == Reply()
    finally:
        await sandbox.close()


async def test_an_erring_person_errs_as_often_as_is_said() -> None:
    """Catches: an error that is the right answer, and other errors in every run."""
    person = Erring(Stubborn(Reply(choice=0)), 0.1)
    asked = [Question(text="?", choices=("1", "2", "3", OTHER), input=str(n)) for n in range(1000)]
    replies = [await person.answer(one) for one in asked]
    wrong = sum(reply != Reply(choice=0) for reply in replies)
    assert 60 < wrong < 140
    assert {r.choice for r in replies if r} == {0, 1, 2}
    assert replies == [await person.answer(one) for one in asked]


def test_answers_of_a_file(tmp_path: Path) -> None:
    """Catches: one answer a task, JSON's own values, a file that is not read as documented."""
    file = tmp_path / "a.jsonl"
    rows = [
        {"task_id": "A", "input": "f( 1 )", "value": "[2]"},
        {"task_id": "A", "answers": {"f(2)": [4], "f(3)": None}},
        {"task_id": "B", "input": 'g("x")', "value": "'y'"},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    assert load(file, ["A", "B"]) == {
        "A": {"f(1)": "[2]", "f(2)": "[4]", "f(3)": None},
        "B": {"g('x')": "'y'"},
    }
    with pytest.raises(ProblemError, match="no task 'A'"):
        load(file, ["B"])


def test_what_contradicts_a_visible_test() -> None:
    """Catches: 2.0 that contradicts 2."""
    tests = [
        Call(id="t", expression="f(1)", expected="2"),
        Call(id="u", expression="f(2)", expected="4"),
    ]
    known = {"A": {"f(1)": "2.0", "f(2)": "5"}}
    [line] = contradictions(known, "A", tests)
    assert "f(2) == 5" in line
