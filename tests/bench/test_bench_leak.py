"""A planted leak: strategies and candidates that look for the hidden tests.

A strategy from outside runs in our process and is the user's own code: nothing in Python keeps it
from frames and `gc`, and this is said in docs/bench.md. What it is handed leads to no hidden test.
A candidate is nobody's code, and has no way at all.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import assay
from assay.bench import Cell, Result
from assay.bench.compare import compare
from assay.bench.work import Recipe, Workshop
from assay.errors import NoSandbox
from assay.feedback.steps import Steps, ask, try_
from assay.grade import Item, grade
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import Job, Sandbox, open_sandbox
from assay.search.budget import Budget, Ledger
from assay.search.driver import Parties
from assay.search.sample import sample
from assay.store import Log

SECRET = 987_654_321
PLANTED = """
from assay.feedback.steps import Steps, try_
from assay.grade import Item
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import Strategy

def peek(problem: Problem, prompter: Prompter) -> Steps[str]:
    problem.hidden  # E
    problem.item  # E
    prompter.hidden  # E
    [attempt] = yield from try_([])
    attempt.hidden  # E
    assert attempt.run is not None
    attempt.run.hidden  # E
    attempt.feedback.hidden  # E
    return "done"

def greedy(problem: Item, prompter: Prompter) -> Steps[str]:
    yield from try_([])
    return problem.hidden[0].id

def honest(problem: Problem, prompter: Prompter, rounds: int = 3) -> Steps[str]:
    yield from try_([])
    return problem.prompt

planted: Strategy = greedy  # E
fine: Strategy = honest
"""


def test_a_strategy_that_looks_at_hidden_tests_does_not_type_check(tmp_path: Path) -> None:
    """Catches: a field that leads to them from anything that a strategy is handed, and a strategy
    of another type that passes for one."""
    pytest.importorskip("mypy")
    file = tmp_path / "planted.py"
    file.write_text(PLANTED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--follow-imports=silent",
         "--cache-dir", str(tmp_path / "cache"), "--config-file", "", "planted.py"],
        cwd=tmp_path, env={"MYPYPATH": str(Path(assay.__file__).parents[1]), "PATH": "/usr/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    wanted = {n for n, line in enumerate(PLANTED.splitlines(), 1) if line.endswith("# E")}
    assert told == wanted, done.stdout + done.stderr


def reachable(value: object, depth: int = 12) -> Iterator[str]:
    """The texts that attributes, items and fields of `value` lead to."""
    seen: set[int] = set()
    waiting: list[tuple[object, int]] = [(value, depth)]
    while waiting:
        one, left = waiting.pop()
        if id(one) in seen or left == 0 or callable(one):
            continue
        seen.add(id(one))
        if isinstance(one, str | bytes | int | float):
            yield str(one)
            continue
        inner: list[object] = list(getattr(one, "__dict__", {}).values())
        inner += [getattr(one, name, None) for name in getattr(type(one), "__slots__", ())]
        if isinstance(one, dict):
            inner += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            inner += list(one)
        waiting += [(next_one, left - 1) for next_one in inner]


FOUND: list[str] = []


def nosy(problem: Problem, prompter: Prompter) -> Steps[str]:
    """Looks through all that it is handed, and asks for what it should not have."""
    FOUND.extend(reachable([problem, prompter]))
    for name in ("hidden", "item", "grade", "split", "reference"):
        for thing in (problem, prompter):
            with pytest.raises(AttributeError):
                getattr(thing, name)
    completions = yield from ask([prompter.prompt(prompter.first(problem.prompt, problem=problem))])
    FOUND.extend(reachable(completions))
    reason: str = yield from sample(problem, prompter, n=2)
    attempts = yield from try_([])
    FOUND.extend(reachable(attempts))
    return reason


async def test_what_a_strategy_is_handed_leads_to_no_hidden_test(tmp_path: Path) -> None:
    """Catches: a hidden test within reach of attributes: of the problem, the prompter, completions,
    attempts, or what the log knows of solved problems, also after a first cell was graded."""
    FOUND.clear()
    hidden = Call(id="h", expression=f"f({SECRET})", expected=str(SECRET + 1))
    visible = Call(id="v", expression="f(1)", expected="2")
    problem = Problem(id="t", prompt="Add one.", entry_point="f", tests=(visible,))
    item = Item(problem=problem, hidden=(hidden,), reference=f"# {SECRET}")
    reply = Reply(match="", text="```python\ndef f(x):\n    return x + 1\n```")
    names = ("sample", f"{__name__}:nosy")
    cells = [
        (Cell(suite="s", model="m", strategy=name, selector="agreement"), Recipe(strategy=name))
        for name in names
    ]
    machine = open_sandbox(slots=1)
    try:
        with Log(tmp_path / "log.db") as log:
            shop = Workshop(
                Parties(Scripted([reply]), machine), log, log.start("bench", {}), None,
                Ledger(Budget()),
            )  # fmt: skip
            done: dict[str, Result] = {}
            for cell in cells:
                done |= await compare(shop, [item], [cell], jobs=1, done={}, listener=print)
    finally:
        await machine.close()
    assert [result.hidden for result in done.values()] == [True, True]
    assert any("Add one." in text for text in FOUND), "it did look"
    assert not [text for text in FOUND if str(SECRET) in text]


HUNT = """
def hunt(places, wide=True):
    import gc, os, sys
    secret = str({before} + 1).encode()
    found = []
    def look(path):
        try:
            with open(path, "rb") as file:
                if secret in file.read(2_000_000):
                    found.append(path)
        except (OSError, ValueError):
            pass
    for place in places:
        look(place)
    for root in ("/tmp", "/dev/shm", "/var/tmp", os.getcwd()) if wide else ():
        for folder, _, names in os.walk(root):
            for name in names[:50]:
                look(folder + "/" + name)
    for pid in ("self", *(n for n in os.listdir("/proc") if n.isdigit()) ):
        for name in ("cmdline", "environ"):
            look("/proc/" + pid + "/" + name)
    if any(secret in str(v).encode() for v in os.environ.values()):
        found.append("environ")
    frame = sys._getframe()
    while frame is not None:
        if any(secret in repr(v).encode() for n, v in frame.f_locals.items() if n not in
               ("secret", "code", "places")):
            found.append("frame")
        frame = frame.f_back
    return sorted(set(found))

def keep(x):
    import os
    for place in ("/tmp/kept", "/dev/shm/kept", "/var/tmp/kept", "kept", os.path.expanduser("~/kept")):
        try:
            with open(place, "a") as file:
                file.write(str(x))
        except OSError:
            pass
    return x
"""  # noqa: E501


async def test_a_candidate_finds_no_hidden_test_anywhere(tmp_path: Path) -> None:
    """Catches: the suite's file, the log, an environment, a command line, or what a program wrote
    while it was graded, within reach of a candidate."""
    suite = tmp_path / "tasks.jsonl"
    suite.write_text(json.dumps({"id": "t", "hidden": [f"assert keep({SECRET}) == {SECRET}"]}))
    code = HUNT.format(before=SECRET - 1)
    look = Call(id="look", expression=f"hunt([{str(suite)!r}])", expected="[]")
    hidden = Call(id="h", expression=f"keep({SECRET})", expected=str(SECRET))
    item = Item(problem=Problem(id="t", prompt="", entry_point="hunt"), hidden=(hidden,))
    machine = isolated()
    try:
        graded = await grade(machine, item, code)
        assert graded is not None
        assert graded.passed, graded
        [run] = await machine.run([Job(code=code, tests=(look,))])
    finally:
        await machine.close()
    assert run.passed, run.verdicts
    open_air = open_sandbox(unsafe=True, slots=1)
    try:
        narrow = f"hunt([{str(suite)!r}], wide=False)"
        bare = replace(look, expression=narrow, expected=None)
        [seen] = await open_air.run([Job(code=code, tests=(bare,))])
    finally:
        await open_air.close()
    assert str(suite) in str(seen.verdicts[0].detail.actual), "the hunt itself finds what is there"


def isolated() -> Sandbox:
    try:
        return open_sandbox(slots=1)
    except NoSandbox as error:
        pytest.skip(str(error))
