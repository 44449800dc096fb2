"""Why an answer should, or should not, be trusted: read back from the log, said in a few lines."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from assay.bench import Result
from assay.candidate.essence import essence
from assay.cli.labels import plural
from assay.feedback.shorten import visible
from assay.store import Log


@dataclass(frozen=True, slots=True)
class Doubt:
    """A visible test that may itself be wrong."""

    test: str
    text: str


def attempts_of(log: Log, result: Result) -> list[dict[str, Any]]:
    run, _, item = result.log.partition("/")
    return [event.body for event in log.events(run, item, "attempt")]


def handed_back(log: Log, result: Result) -> dict[str, Any] | None:
    """The attempt of the program that is handed back, else the last."""
    run, _, item = result.log.partition("/")
    attempts = attempts_of(log, result)
    chosen = {event.body.get("chosen") for event in log.events(run, item, "decision")}
    mine = [attempt for attempt in attempts if attempt["candidate"]["id"] in chosen]
    return next(iter(mine or attempts[-1:]), None)


def answers_of(log: Log, result: Result) -> list[str]:
    """What a person said, a line an answer."""
    run, _, item = result.log.partition("/")
    tests = [test for e in log.events(run, item, "decision") for test in e.body.get("answers", ())]
    return [visible(f"a person said: {test['expression']} == {test['expected']}") for test in tests]


def answered_by(file: Path | None) -> str:
    return "person" if file is None else "file"


def given_answers(log: Log, result: Result, by: str) -> list[dict[str, Any]]:
    """For `--json`: each input that was answered, with its value (`None`: only that it is none of
    those listed) and who said it."""
    return [said | {"by": by} for said in decision(log, result).get("said", ())]


def decision(log: Log, result: Result) -> dict[str, Any]:
    run, _, item = result.log.partition("/")
    return next(iter(event.body for event in log.events(run, item, "decision")[-1:]), {})


def evidence(log: Log, result: Result) -> str:
    """Status and reason, the tests, what failed and what it cost."""
    cost = result.cost
    dollars = "price not known" if cost["dollars"] is None else f"${cost['dollars']:.4f}"
    told = result.confidence is not None and result.status not in ("failed", "unmeasured")
    sure = f" (confidence {result.confidence:.2f})" if told else ""
    lines = [f"{result.status}: {result.reason}{sure}", *answers_of(log, result)]
    if result.status in ("failed", "unmeasured"):
        if attempt := handed_back(log, result):
            lines += [attempt["feedback"]["message"]]
        lines += [doubt.text for doubt in doubtful_tests(log, result)]
    lines.append(
        f"cost: {cost['prompt_tokens']:,} prompt and {cost['completion_tokens']:,} completion "
        "tokens, "
        f"{plural(cost['calls'], 'call')}, {plural(cost['runs'], 'run')}, "
        f"{cost['seconds']:.1f} s, {dollars}"
    )
    if cost["cached_calls"]:
        lines.append(
            f"(cached) {cost['cached_calls']} of the calls: the log answered them, and their "
            f"{cost['cached_tokens']:,} tokens were not spent now"
        )
    lines.append(f"everything that happened: assay show {quote(result.log)}")
    return "\n".join(lines)


def doubtful_tests(log: Log, result: Result) -> list[Doubt]:
    """Visible tests that no candidate passes, while at least two candidates that pass all others
    give one and the same other value. They may be wrong; a person has to say. Candidates that
    differ in names and comments alone are one: they make one and the same mistake."""
    verdicts: dict[str, dict[str, dict[str, Any]]] = {}
    for body in attempts_of(log, result):
        if body["run"] is not None:
            by_test = {verdict["test"]: verdict for verdict in body["run"]["verdicts"]}
            verdicts[essence(body["candidate"]["code"] or "")] = by_test
    return [doubt for test in tests_in(verdicts) if (doubt := doubt_about(test, verdicts))]


def tests_in(verdicts: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    return list(dict.fromkeys(test for by_test in verdicts.values() for test in by_test))


def doubt_about(test: str, verdicts: dict[str, dict[str, dict[str, Any]]]) -> Doubt | None:
    values: Counter[str] = Counter()
    detail: dict[str, Any] = {}
    for by_test in verdicts.values():
        mine = by_test.get(test)
        if mine is None or mine["outcome"] == "passed":
            return None
        others = [v for name, v in by_test.items() if name != test]
        alike = others and all(v["outcome"] == "passed" for v in others)
        if alike and mine["outcome"] == "wrong" and mine["detail"]["actual"]:
            values[mine["detail"]["actual"]] += 1
            detail = mine["detail"]
    if not values:
        return None
    [(value, count)] = values.most_common(1)
    if count < 2:
        return None
    return Doubt(
        test,
        f"{test} may be wrong: {detail['call']} should be {detail['expected']}, but {count} "
        f"candidates that pass every other test give {value}. "
        f"To go on without it: --without {test}",
    )
