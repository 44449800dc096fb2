"""The audit of a suite: each planted defect is found, sound problems are not, nothing guessed."""

import ast
import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from keyword import iskeyword
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bench import idle
from assay.bench.audit import Audited, Finding, audit, content_of, keep, key_of, known, version_of
from assay.bench.contradictions import contradiction
from assay.errors import SandboxError
from assay.grade import Item
from assay.problem import Call, Command, Io, Limits, Problem, Script, Test
from assay.sandbox import Detail, Job, Run, Sandbox, Verdict, open_sandbox
from assay.sandbox.languages import toolchain
from assay.sandbox.scripted import ISOLATION
from assay.sandbox.scripted import Scripted as Machine
from assay.store import Log

ADD = "def add(a, b):\n    return a + b\n"
VISIBLE = (Call(id="v", expression="add(1, 2)", expected="3"),)
HIDDEN = (
    Call(id="h1", expression="add(2, 2)", expected="4"),
    Call(id="h2", expression="add(0, -1)", expected="-1"),
)


def item_of(
    visible: tuple[Test, ...] = VISIBLE,
    hidden: tuple[Test, ...] = HIDDEN,
    reference: str | None = ADD,
    entry: str | None = "add",
    language: str = "python",
    starter: str = "",
) -> Item:
    problem = Problem(
        id="p", prompt="p", entry_point=entry, tests=visible, language=language, starter=starter
    )
    return Item(problem=problem, hidden=hidden, reference=reference)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def box(runner: asyncio.Runner) -> Iterator[Sandbox]:
    sandbox = open_sandbox(slots=1)
    yield sandbox
    runner.run(sandbox.close())


def io(name: str, stdin: str, expected: str) -> Io:
    return Io(id=name, stdin=stdin, expected=expected)


def slow(reference: str) -> Item:
    item = item_of((), HIDDEN[:1], reference)
    limits = Limits(cpu_seconds=0.5, wall_seconds=60.0)
    return replace(item, problem=replace(item.problem, limits=limits), limits=limits)


FLAKY = (
    "import os\nSEEN = '/tmp/seen'\n"
    "def add(a, b):\n    return a + b + (os.urandom(1)[0] % 2 if a == 2 else 0)\n"
)
NO_ASSERT = (Script(id="s", source="def check(f):\n    f(1, 2) == 4\n", call="check(add)"),)
ASSERTS_A_TYPE = Script(
    id="s",
    source="def check(f):\n    f(1, 2) == 3\n    f(2, 2) == 4\n    f(1, 3) == 4\n"
    "    assert type(f(0, 0)) is int\n",
    call="check(add)",
)
ECHO = "print(input())\n"
BAD: dict[str, tuple[Item, str, str]] = {
    "a broken reference": (
        item_of(reference=ADD.replace("+", "-")), "reference fails", "h1: wrong 0 for 4"
    ),
    "a reference that is no program": (item_of(reference="def"), "reference fails", "build_failed"),
    "a reference that needs too long": (
        slow("def add(a, b):\n    while True: pass\n"),
        "reference fails",
        "timeout",
    ),
    "a visible test that is wrong": (
        item_of(visible=(Call(id="v", expression="add(1, 2)", expected="4"),)),
        "contradiction",
        "v: wrong 3 for 4",
    ),
    "two values of one call": (
        item_of(visible=(Call(id="v", expression="add( 2,2 )", expected="5"),)),
        "contradiction",
        "v and h1 want two results",
    ),
    "two outputs for one input": (
        item_of((io("a", "1", "1"),), (io("b", "1", "2"), io("c", "2", "2")), ECHO, None),
        "contradiction",
        "a and b",
    ),
    "a test without an assert": (item_of(hidden=NO_ASSERT), "accepts nothing", "returns nothing"),
    "tests that compare and do not assert": (
        item_of(hidden=(ASSERTS_A_TYPE,)), "accepts nothing", "returns 4"
    ),
    "a command that looks at nothing": (
        item_of((), (Command(id="c", argv=("python", "main.py")),), "print(1)", None),
        "accepts nothing",
        "is empty",
    ),
    "a starter that is the solution": (item_of(starter=ADD), "accepts nothing", "as it was given"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_planted_defect_is_found(name: str, box: Sandbox, runner: asyncio.Runner) -> None:
    """Catches: a kind of bad problem that an audit lets through, or gives another reason for."""
    item, kind, detail = BAD[name]
    audited = runner.run(audit(box, item, 2))
    assert audited.bad, audited
    assert (audited.findings[0].kind, audited.unmeasured) == (kind, "")
    assert detail in audited.findings[0].detail


def test_a_flaky_test_is_found(box: Sandbox, runner: asyncio.Runner) -> None:
    """Catches: the first outcome taken for the outcome. Of 20 runs all alike: 1 in 500,000."""
    audited = runner.run(audit(box, item_of(reference=FLAKY), 20))
    assert [finding.kind for finding in audited.findings] == ["flaky"]
    assert "h1: " in audited.findings[0].detail


def test_a_sound_problem_is_not_bad(box: Sandbox, runner: asyncio.Runner) -> None:
    """Catches: an audit that finds fault with everything: equal values written otherwise, a method,
    a problem without visible tests or without a reference."""
    method = "class S:\n    def add(self, a, b):\n        return a + b\n"
    calls = tuple(replace(call, expression=f"S().{call.expression}") for call in HIDDEN)
    same = (Call(id="v", expression="add(2, 2)", expected="4.0"),)
    items = [
        item_of(),
        item_of(visible=()),
        item_of(visible=same),
        item_of((), calls, method, "S.add"),
        item_of((io("a", "1", "1\n"),), (io("b", "1", "1"), io("c", "2", "2")), ECHO, None),
    ]
    for item in items:
        audited = runner.run(audit(box, item, 2))
        assert (audited.findings, audited.unchecked, audited.unmeasured) == ((), "", "")
    unknown = runner.run(audit(box, item_of(reference=None), 2))
    assert (unknown.bad, unknown.unchecked) == (False, "no reference solution")
    untested = runner.run(audit(box, item_of(hidden=()), 2))
    assert (untested.bad, untested.unchecked) == (False, "no hidden tests")


ONE_VALUE: dict[str, Item] = {
    "a lone test": item_of(hidden=(Call(id="h", expression="add(5, 5)", expected="10"),)),
    "two that want one value": item_of(
        hidden=(
            Call(id="h", expression="add(5, 5)", expected="10"),
            Call(id="i", expression="add(4, 6)", expected="10.0"),
        )
    ),
    "two within the tolerance": item_of(
        hidden=(
            Call(id="h", expression="add(5, 5)", expected="10.0", tolerance=0.1),
            Call(id="i", expression="add(4, 6.1)", expected="10.1", tolerance=0.1),
        )
    ),
    "one assert": item_of(
        hidden=(Script(id="s", source="def check(f):\n    assert f(5, 5) == 10\n",
                       call="check(add)"),)
    ),
    "no value": item_of(
        hidden=(Call(id="h", expression="add(5, 5)", expected="None"),),
        reference="def add(a, b):\n    return None if a == b else a + b\n",
    ),
    "no output": item_of((), (io("a", "", ""),), "pass", None),
    "one output, in bash": item_of(
        (), (io("a", "1", "it's $HOME\n"), io("b", "2", "it's $HOME")),
        "echo \"it's \\$HOME\"", None, "bash",
    ),
    "one number": item_of(
        (),
        tuple(replace(io(name, name, text), comparison="numbers")
              for name, text in (("1", "1.50"), ("2", "1.5"))),
        "print(1.5)", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_VALUE)
def test_a_value_that_all_tests_want_is_no_defect(
    name: str, box: Sandbox, runner: asyncio.Runner
) -> None:
    """Catches: a sound problem left out because its only test is passed by the value that it
    wants."""
    audited = runner.run(audit(box, ONE_VALUE[name], 2))
    assert (audited.findings, audited.unmeasured) == ((), "")


@given(st.lists(st.sampled_from(["1", "1.0", "2", "'a'", "None", "[1]"]), max_size=4))
def test_a_constant_is_tried_where_two_values_differ(expected: list[str]) -> None:
    """Catches: a constant that must pass held against the tests; one that must not, not tried."""
    calls = [
        Call(id=str(n), expression=f"add({n}, 0)", expected=value)
        for n, value in enumerate(expected)
    ]
    asserts = "".join(f"assert add({n}, 0) == {value}\n" for n, value in enumerate(expected))
    several = len({ast.literal_eval(value) for value in expected if value != "[1]"}) + (
        "[1]" in expected
    )
    for hidden in (tuple(calls), (Script(id="s", source=asserts, call=""),)):
        labels = idle.programs(item_of((), hidden or NO_ASSERT))
        assert any(label.startswith("always") for label in labels) is (several >= 2)


@pytest.mark.parametrize("language", [*idle.PRINT])
def test_what_always_prints_does_so(language: str, box: Sandbox, runner: asyncio.Runner) -> None:
    """Catches: quotes that make another output, or no program, of the one that is tried."""
    if version_of(language) == "":
        pytest.skip(f"no toolchain for {language} here")
    text = 'it\'s "50%" \\ $HOME\n'
    tests = (io("a", "1", text), io("b", "2", text), io("c", "3", "7"))
    [code] = [
        code
        for label, code in idle.programs(item_of((), tests, None, None, language)).items()
        if label.startswith("always")
    ]
    [run] = runner.run(box.run([Job(code=code, tests=tests, language=language)]))
    assert [verdict.outcome for verdict in run.verdicts] == ["passed", "passed", "wrong"], run


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_what_always_returns_does_so(language: str, box: Sandbox, runner: asyncio.Runner) -> None:
    """Catches: a value of Python that is none of JavaScript."""
    if version_of(language) == "":
        pytest.skip(f"no toolchain for {language} here")
    values = ("[2, None, True]", "[2, None, True]", "'x'")
    tests = tuple(
        Call(id=str(n), expression=f"add({n}, 1)", expected=v) for n, v in enumerate(values)
    )
    programs = idle.programs(item_of((), tests, None, "add", language))
    jobs = [
        Job(code=programs[label], tests=tests, language=language)
        for label in ("always returns [2, None, True]", "returns nothing")
    ]
    one, none = runner.run(box.run(jobs))
    assert [verdict.outcome for verdict in one.verdicts] == ["passed", "passed", "wrong"], one
    assert [verdict.outcome for verdict in none.verdicts] == ["wrong"] * 3, none


def test_the_sandbox_and_the_toolchain_are_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: a verdict of another compiler, tier or machine taken for one of this."""
    item = item_of(language="javascript")
    version = ["v1"]
    monkeypatch.setattr("assay.bench.audit.version_of", lambda language: version[0] + language)
    keys = [
        key_of(item, ISOLATION),
        key_of(item, replace(ISOLATION, tier="landlock")),
        key_of(item, replace(ISOLATION, tier="remote", far="namespaces"), "http://a"),
        key_of(item, replace(ISOLATION, tier="remote", far="namespaces"), "http://b"),
        key_of(item, replace(ISOLATION, tier="remote", far="landlock"), "http://b"),
    ]
    assert key_of(item, replace(ISOLATION, note="why")) == keys[0]
    version[0] = "v2"
    keys.append(key_of(item, ISOLATION))
    assert len({*keys}) == 6
    assert {key.partition("-")[0] for key in keys} == {content_of(item)}


def test_each_toolchain_has_a_version() -> None:
    """Catches: one version for all, and an audit that ends at a language that is not here."""
    found = {name: version_of(name) for name in ("python", "javascript", "c", "klingon")}
    assert found["python"] == sys.version
    assert found["klingon"] == ""
    for name in ("javascript", "c"):
        here = toolchain(name)
        assert found[name] == ("" if here is None else here.version)


def run_of(outcome: str, limit: str | None = None) -> Run:
    detail = Detail(limit=limit)
    verdict = Verdict(test="t", outcome=outcome, detail=detail)  # type: ignore[arg-type]
    return Run(verdicts=(verdict,), isolation=ISOLATION, outcome=verdict.outcome)


@pytest.mark.parametrize(
    "script",
    [
        [SandboxError("gone")],
        [run_of("passed"), SandboxError("gone")],
        [run_of("wrong"), run_of("wrong"), SandboxError("gone")],
        [*[run_of("passed")] * 4, SandboxError("gone")],
        [run_of("passed"), run_of("timeout", "30 s of wall time")],
    ],
)
def test_a_failure_of_ours_is_no_verdict(script: list[Run | SandboxError], tmp_path: Path) -> None:
    """Catches: a problem called bad because the sandbox broke or the machine was busy, also where
    something had been found before; such a verdict kept for the next comparison."""
    contradicting = (Call(id="v", expression="add(2, 2)", expected="5"),)
    for item in (item_of(), item_of(visible=contradicting)):
        audited = asyncio.run(audit(Machine(script), item, 2))
        assert audited.unmeasured
        assert not audited.bad
        with Log(tmp_path / "log.db") as log:
            keep(log, log.start("audit", {}), audited)
            assert known(log) == {}


def test_what_is_kept_is_of_this_very_problem(tmp_path: Path) -> None:
    """Catches: an edited problem that inherits a verdict; the oldest audit instead of the newest;
    a log of another version that ends everything."""
    item = item_of()
    other_limits = replace(item.problem, limits=Limits(cpu_seconds=6.0))
    edits = [
        item_of(visible=()),
        item_of(hidden=HIDDEN[:1]),
        item_of(reference=ADD + "\n"),
        replace(item, problem=other_limits),
        replace(item, problem=replace(item.problem, prompt="q")),
        replace(item, limits=Limits(cpu_seconds=99.0)),
    ]
    assert len({key_of(edit, ISOLATION) for edit in [item, *edits]}) == 7
    bad = Finding(kind="flaky", detail="x")
    audited = Audited(problem="p", key=key_of(item, ISOLATION), repeat=3, findings=(bad,))
    with Log(tmp_path / "log.db") as log:
        run = log.start("audit", {})
        keep(log, run, audited)
        keep(log, run, replace(audited, findings=()))
        log.append(run, "p", "audit", {"key": "k", "findings": [{"kind": "new", "more": 1}]})
        log.append(log.start("bench", {}), "p", "audit", asdict(replace(audited, key="z")))
        assert known(log) == {key_of(item, ISOLATION): replace(audited, findings=())}


@given(st.text(), st.text())
def test_programs_that_do_nothing_are_programs(text: str, name: str) -> None:
    """Catches: an expected output or a name that breaks out of the program made of it."""
    name = name if name.isidentifier() and not iskeyword(name) else "f"
    item = item_of((), (io("a", "", text), io("b", "", text), io("c", "1", f"{text}.")), None, name)
    assert any(label.startswith("always prints") for label in idle.programs(item))
    for code in idle.programs(item).values():
        compile(code.encode("utf-8", "surrogatepass").decode("utf-8", "replace"), "p", "exec")


def test_hostile_tests_do_not_stop_the_search_for_values() -> None:
    """Catches: a test of a thousand brackets that ends the audit of a whole suite."""
    deep = "(" * 3000
    tests: list[Test] = [
        Script(id="s", source=deep, call="\0"),
        Call(id="c", expression=deep, expected=deep),
        Script(
            id="t",
            source="assert f(1) == [1]\nassert [1] != f(2)\nassert f(4) == [1]\nassert f(5) == 2\n",
            call="",
        ),
    ]
    item = item_of(visible=(), hidden=tuple(tests))
    assert contradiction(item) == ""
    assert idle.constant(item) == "[1]"
    assert json.dumps(idle.programs(item))
