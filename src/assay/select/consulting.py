"""Asks a person a few questions about values, and holds what they say against the programs.

An answer becomes a test of origin `person`, which is binding as a visible test is: programs that
disagree rank below those that agree, and the tests of a model on the same input are dropped.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from assay.feedback import Attempt
from assay.feedback.steps import Consult, Question, Recall, Reply, Steps, consult
from assay.feedback.tests import explain
from assay.problem import Call, Problem
from assay.problem.values import tolerance
from assay.sandbox import Detail, Outcome, Verdict
from assay.search.driver import Person, Recalling
from assay.select.judging import short
from assay.select.matrix import Bools, Ints, Matrix
from assay.select.questions import (
    CHOICES,
    ERROR,
    LEAST,
    Beliefs,
    alike,
    answers,
    beliefs,
    best_input,
    heard,
    is_value,
)
from assay.select.ranking import Ranking

MOST = 50
"""Questions about one problem, whoever answers."""
OTHER = "something else"
ENOUGH = "no more are allowed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """One answer."""

    test: Call
    input: str
    value: str | None
    """As Python text; `None`: it is only known to be none of `excluded`."""
    excluded: tuple[str, ...]
    agrees: Bools
    """For each program."""
    gave: tuple[str, ...]
    """For each program the value that it returned, or the name of what it raised."""
    raised: Bools

    @property
    def record(self) -> dict[str, object]:
        return {
            "input": self.input,
            "value": self.value,
            "excluded": list(self.excluded),
            "test": f"{self.test.expression} == {self.test.expected}",
            "origin": self.test.origin,
            "said": self.said,
        }

    @property
    def said(self) -> str:
        if self.value is not None:
            return f"{self.input} gives {self.value}"
        return f"{self.input} gives none of {', '.join(self.excluded)}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hearing:
    """What came of the questions about one problem."""

    matrix: Matrix
    """With a binding test an answer."""
    told: tuple[Told, ...] = ()
    questions: int = 0
    """Put to a person, answered or not."""
    silence: str = ""
    """Why there was nothing, or nothing more, to ask."""
    share: tuple[float, ...] = ()
    """For each program the probability that its group is right; empty without an answer."""
    unused: tuple[str, ...] = ()
    """Inputs that a file answers and that the programs were not run on."""

    @property
    def tests(self) -> tuple[Call, ...]:
        return tuple(one.test for one in self.told)

    def sure(self, ranking: Ranking) -> Ranking:
        """The ranking with the confidence and the probabilities that the answers leave."""
        if not self.told:
            return ranking
        share, first = np.array(self.share), int(ranking.order[0])
        able = 1.0 if self.matrix.passed[first, self.matrix.binding].all() else 0.0
        return replace(ranking, confidence=round(float(share[first]) * able, 4), probability=share)

    def judged(self, problem: Problem, attempts: Sequence[Attempt]) -> list[Attempt]:
        """The attempts, one a program, with a verdict an answer."""
        whole = replace(problem, tests=(*problem.tests, *self.tests))
        return [
            attempt if attempt.run is None or not self.told else self._judged(whole, attempt, row)
            for row, attempt in enumerate(attempts)
        ]

    def _judged(self, problem: Problem, attempt: Attempt, row: int) -> Attempt:
        assert attempt.run is not None
        before = attempt.run
        new = [verdict(one, row) for one in self.told]
        outcomes: list[Outcome] = [before.outcome, *(v.outcome for v in new)]
        outcome: Outcome = next((o for o in outcomes if o != "passed"), "passed")
        run = replace(before, verdicts=(*before.verdicts, *new), outcome=outcome)
        return replace(attempt, run=run, feedback=explain(problem, run))


def verdict(told: Told, row: int) -> Verdict:
    """On the value that was seen before: the program is not run again for it."""
    outcome: Outcome = "passed" if told.agrees[row] else "wrong"
    if told.raised[row]:
        detail = Detail(call=told.input, expected=told.value, exception=told.gave[row])
        return Verdict(test=told.test.id, outcome="raised", detail=detail)
    detail = Detail(call=told.input, expected=told.value, actual=told.gave[row])
    return Verdict(test=told.test.id, outcome=outcome, detail=detail)


def ask_person(
    matrix: Matrix,
    problem: str,
    *,
    choices: int = CHOICES,
    error: float = ERROR,
    least: float = LEAST,
    most: int = MOST,
    answered: int = 0,
) -> Steps[Hearing]:
    """Asks until no answer would change the choice, nobody is there, or the person has had enough.

    An answer is asked for once more where it is no value, and where every program that agrees with
    it fails a test that is known to be right; then it stands, and so does the first where nothing
    is said the second time. What a file says of other inputs binds as well."""
    belief, group = beliefs(matrix, error)
    told: list[Told] = []
    places, questions, silence = set[int](), 0, ""
    settled = {int(place) for place in matrix.input_of[matrix.binding]}
    while questions < most:
        place = best_input(belief, places, choices, least) if matrix.programs > 1 else None
        if place is None:
            silence = silence_of(belief, matrix)
            break
        places.add(place)
        listed = [int(number) for number in answers(belief, place)[0][:choices]]
        question = question_of(matrix, problem, place, listed)
        reply = yield from consult(question)
        if reply is None:
            silence = ENOUGH
            break
        questions += reply.asked
        if reply.asked and (doubt := doubtful(matrix, group, belief, place, listed, reply)):
            again = yield from consult(replace(question, text=doubt, again=True))
            reply = again or reply
        if (said := understood(matrix, belief, place, listed, reply)) is None:
            continue
        belief, one = taken(matrix, belief, group, place, answered + len(told), said)
        told.append(one)
        matrix = with_answer(matrix, place, one)
    rest = [n for n in range(len(matrix.inputs)) if n not in places | settled]
    known, unused = yield from recall(matrix, problem, rest)
    for place, value in known.items():
        said = Said(frozenset(giving(matrix, belief, place, value)), value, ())
        belief, one = taken(matrix, belief, group, place, answered + len(told), said)
        told.append(one)
        matrix = with_answer(matrix, place, one)
    return Hearing(
        matrix=matrix,
        told=tuple(told),
        questions=questions,
        silence=silence,
        share=tuple(belief.share[group].tolist()) if told else (),
        unused=unused,
    )


def recall(
    matrix: Matrix, problem: str, rest: Sequence[int]
) -> Steps[tuple[dict[int, str], tuple[str, ...]]]:
    """By input the value that a file says of it, and the inputs of the file that are not here."""
    reply = yield from consult(
        Recall(
            text="What else is known?",
            choices=tuple(matrix.inputs[place] for place in rest),
            input="...",
            problem=problem,
            again=True,
            seen=matrix.inputs,
        )
    )
    try:
        found = json.loads(reply.text) if reply is not None else {}
        known = {str(call): str(value) for call, value in found["known"].items()}
        unused = tuple(map(str, found["unused"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}, ()
    at = {matrix.inputs[place]: place for place in rest}
    return {at[call]: v for call, v in known.items() if call in at and is_value(v)}, unused


def silence_of(belief: Beliefs, matrix: Matrix) -> str:
    """Why no question is worth it."""
    if matrix.programs < 2:
        return "there is only one program"
    if not matrix.inputs:
        return "there is no input to ask about"
    if len(belief.share) < 2:
        return "all programs do the same"
    if not (belief.values >= 0).any():
        return "no program returns a value"
    if (belief.unknown == 1).all():
        return "values or inputs cannot be shown, or visible tests settle them"
    return "no answer would change the choice"


async def interview(
    matrix: Matrix, problem: str, person: Person, tell: Callable[[Question, Reply], None]
) -> Hearing:
    """The same where there is nothing else to serve; `tell` hears of each question asked."""
    steps = ask_person(matrix, problem)
    try:
        request = next(steps)
        while True:
            assert isinstance(request, Consult)
            reply: Reply | None = None
            if not isinstance(request.question, Recall):
                reply = await person.answer(request.question)
            elif isinstance(person, Recalling):
                reply = person.recall(request.question)
            if reply is not None and reply.asked:
                tell(request.question, reply)
            request = steps.send(reply)
    except StopIteration as end:
        found: Hearing = end.value
        return found


class Said(NamedTuple):
    """What an answer comes to."""

    numbers: frozenset[int]
    """Of the values that are the one said; where none was said, of those that it is not."""
    value: str | None
    """As Python text; `None`: it is none of `excluded`."""
    excluded: tuple[str, ...]


def question_of(matrix: Matrix, problem: str, place: int, listed: Sequence[int]) -> Question:
    return Question(
        text="What is right here?",
        choices=(*(matrix.shown[number] for number in listed), OTHER),
        input=matrix.inputs[place],
        problem=problem,
    )


def understood(
    matrix: Matrix, belief: Beliefs, place: int, listed: Sequence[int], reply: Reply | None
) -> Said | None:
    """`None` where nothing was said."""
    if reply is None:
        return None
    if typed := reply.text.strip():
        if not is_value(typed):
            return None
        return Said(frozenset(giving(matrix, belief, place, typed)), typed, ())
    if reply.choice is None or not 0 <= reply.choice <= len(listed):
        return None
    if reply.choice == len(listed):
        return Said(frozenset(listed), None, tuple(matrix.shown[number] for number in listed))
    value = matrix.shown[listed[reply.choice]]
    return Said(frozenset(giving(matrix, belief, place, value)), value, ())


def giving(matrix: Matrix, belief: Beliefs, place: int, value: str) -> set[int]:
    """The numbers of the values on that input that are the one given."""
    numbers = map(int, np.unique(belief.values[:, place]))
    return {n for n in numbers if n >= 0 and alike(value, matrix.shown[n])}


def taken(
    matrix: Matrix, belief: Beliefs, group: Ints, place: int, number: int, said: Said
) -> tuple[Beliefs, Told]:
    """What is believed after an answer, and the answer as a test."""
    apart = said.value is None
    agrees = np.isin(belief.values[:, place], list(said.numbers))
    if apart:
        agrees = ~agrees & (belief.values[:, place] >= 0)
    after = heard(belief, place, set(said.numbers), excluded=apart)
    return after, told_of(matrix, place, number, said, agrees[group])


def doubtful(
    matrix: Matrix,
    group: Ints,
    belief: Beliefs,
    place: int,
    listed: Sequence[int],
    reply: Reply,
) -> str:
    """Why to ask again; empty where the answer can stand."""
    typed = reply.text.strip()
    if typed and not is_value(typed):
        return f"That is no value of Python: {short(typed)}. Write it as in a program."
    said = understood(matrix, belief, place, listed, reply)
    if said is None or said.value is None or not matrix.binding.any():
        return ""
    agrees = matrix.loaded & np.isin(belief.values[group, place], list(said.numbers))
    allowed = np.where(matrix.loaded, matrix.allowed(), -1)
    if not agrees.any() or allowed[agrees].max() == allowed.max():
        return ""
    row = int(np.flatnonzero(agrees)[np.argmax(allowed[agrees])])
    broken = int(np.flatnonzero(matrix.binding & ~matrix.passed[row])[0])
    return (
        f"Each program that gives {said.value} fails {matrix.tests[broken]}, which is known to be "
        "right. Once more: what is right here?"
    )


def told_of(matrix: Matrix, place: int, number: int, said: Said, agrees: Bools) -> Told:
    call, column = matrix.inputs[place], matrix.values[:, place]
    _, value, excluded = said
    apart = f"{call} not in ({''.join(f'{text}, ' for text in excluded)})"
    test = Call(
        id=f"person-{number + 1}",
        expression=call if value is not None else apart,
        expected=value if value is not None else "True",
        tolerance=None if value is None else tolerance(value),
        origin="person",
    )
    return Told(
        test=test,
        input=call,
        value=value,
        excluded=excluded,
        agrees=np.asarray(agrees & matrix.loaded),
        gave=tuple(matrix.shown.get(int(n), "?") for n in column),
        raised=np.asarray(column < 0),
    )


def with_answer(matrix: Matrix, place: int, told: Told) -> Matrix:
    """The answer as a binding test, instead of the doubtful ones on the same input."""
    kept = matrix.binding | (matrix.input_of != place)
    return replace(
        matrix,
        tests=(*(t for t, k in zip(matrix.tests, kept, strict=True) if k), told.said),
        weight=np.append(matrix.weight[kept], 1.0),
        binding=np.append(matrix.binding[kept], True),
        passed=np.column_stack([matrix.passed[:, kept], told.agrees]),
        input_of=np.append(matrix.input_of[kept], place),
    )
