"""Runs shared through a shelf: only of the very same job, and only what comes out the same."""

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import SandboxError
from assay.problem import Call, Command, Io, Limits, Script
from assay.sandbox import Detail, Isolation, Job, Outcome, Run, Verdict
from assay.sandbox.scripted import Scripted
from assay.sandbox.shared import KEPT, Shared, key_of, repeatable, settled

HERE = Isolation(tier="namespaces", filesystem=True, network=True, processes=True, memory=True)
CALL = Call(id="a", expression="f(1)", expected="2")
JOB = Job(code="def f(x):\n    return x + 1\n", tests=(CALL,))


class Dict:
    """A shelf in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def judged(self, key: str) -> str | None:
        return self.rows.get(key)

    def keep_judged(self, key: str, body: str) -> None:
        self.rows[key] = body


class Here(Scripted):
    """Says that it isolates."""

    @property
    def isolation(self) -> Isolation:
        return HERE


def run_of(outcome: Any = "passed", **more: Any) -> Run:
    detail = Detail(actual="\ud800 \x00 é", stdout="…")
    verdict = Verdict(test="a", outcome=outcome, detail=detail, cpu_seconds=0.25)
    return Run(verdicts=(verdict,), isolation=HERE, outcome=outcome, **more)


async def test_the_same_job_runs_once_and_comes_back_as_it_was() -> None:
    """Catches: a verdict, a text or a mark that is lost on the shelf; a hit that does not say so;
    a job that is run twice."""
    shelf, machine = Dict(), Here([run_of("wrong")])
    first = await Shared(machine, shelf).run([JOB])
    again = await Shared(machine, shelf).run([JOB])
    assert first == [run_of("wrong")]
    assert again == [replace(run_of("wrong"), cached=True)]
    assert machine.jobs == [JOB]


@pytest.mark.parametrize("outcome", get_args(Outcome))
async def test_what_a_limit_or_a_failure_ended_is_never_kept(outcome: Outcome) -> None:
    """Catches: a time-out of a busy machine, or a failure of ours, that becomes the verdict for
    good."""
    shelf = Dict()
    await Shared(Here([run_of(outcome)]), shelf).run([JOB])
    assert bool(shelf.rows) is (outcome in KEPT)
    assert not {"timeout", "memory", "output", "killed", "denied"} & KEPT


async def test_what_is_flaky_or_fails_is_never_kept() -> None:
    """Catches: an outcome that a rerun does not repeat, kept; a failure that is remembered; a full
    disk, which has the outcome of an exception."""
    shelf = Dict()
    verdict = replace(run_of().verdicts[0], flaky=True)
    full = replace(run_of("raised").verdicts[0], detail=Detail(limit="16 MB of files"))
    for run in (
        run_of(flaky=True),
        replace(run_of(), verdicts=(verdict,)),
        replace(run_of("raised"), verdicts=(full,)),
    ):
        assert not settled(run)
        await Shared(Here([run]), shelf).run([JOB])
    with pytest.raises(SandboxError):
        await Shared(Here([SandboxError("x")]), shelf).run([JOB])
    assert not shelf.rows


@pytest.mark.parametrize(
    "other",
    [
        replace(JOB, code=JOB.code + "\n"),
        replace(JOB, tests=(replace(CALL, expected="3"),)),
        replace(JOB, tests=(replace(CALL, tolerance=0.1),)),
        replace(JOB, tests=(CALL, replace(CALL, id="b"))),
        replace(JOB, limits=Limits(cpu_seconds=1.0)),
        replace(JOB, limits=Limits(memory_mb=64)),
        replace(JOB, tests=(Io(id="a", stdin="1", expected="2"),)),
        replace(JOB, tests=(Io(id="a", stdin="1", expected="2", comparison="exact"),)),
    ],
)
def test_another_job_has_another_key(other: Job) -> None:
    """Catches: a verdict of other tests, limits or comparisons that is taken for this one's."""
    assert repeatable(other)
    assert key_of(other, HERE) != key_of(JOB, HERE)


def test_another_tier_shares_nothing() -> None:
    """Catches: verdicts that are shared with a sandbox elsewhere, or with none at all."""
    assert key_of(JOB, replace(HERE, tier="landlock")) != key_of(JOB, HERE)
    assert key_of(JOB, replace(HERE, note="why")) == key_of(JOB, HERE)
    for tier in ("remote", "unsafe", "scripted"):
        assert key_of(JOB, replace(HERE, tier=tier)) is None


@pytest.mark.parametrize(
    "code",
    [
        "import random\ndef f(x): return random.random() < .5",
        "from time import *\ndef f(x): return time()",
        "import datetime",
        "import os\ndef f(x): return os.urandom(1)[0]",
        "def f(x): return id(object()) % 3",
        "def f(x): return hash(object()) % 2",
        "def f(x): return open('/proc/uptime').read()",
        "import threading",
        "def f(x): return __import__('ran' + 'dom').random()",
        "def f(x): return len(repr(object())) + x",
        "from _thread import start_new_thread",
        "from pathlib import Path\ndef f(x): return Path('/proc/uptime').read_text()",
        "def f(x): return getattr(f, '__' + 'globals__')",
        "def f(x): return f.__globals__",
    ],
)
def test_a_program_of_chance_is_run_each_time(code: str) -> None:
    """Catches: one throw of the dice that is the verdict for good."""
    assert not repeatable(replace(JOB, code=code))
    assert not repeatable(replace(JOB, tests=(Script(id="a", source=code, call="f(1)"),)))
    assert not repeatable(replace(JOB, tests=(replace(CALL, setup=code),)))


def test_what_has_no_tests_or_runs_commands_is_run_each_time() -> None:
    """Catches: a trace or a profile, whose times matter, out of the log; a tool that changed."""
    assert not repeatable(replace(JOB, tests=()))
    assert not repeatable(replace(JOB, tests=(Command(id="a", argv=("python", "main.py")),)))
    for language in ("c++", "bash", "sql", "javascript"):
        assert not repeatable(replace(JOB, language=language))


@given(st.text())
async def test_a_damaged_row_is_a_miss(body: str) -> None:
    """Catches: a crash, or a verdict made of a broken row."""
    shelf = Dict()
    key = key_of(JOB, HERE)
    assert key is not None
    shelf.rows[key] = body
    [run] = await Shared(Here([run_of("wrong")]), shelf).run([JOB])
    assert run == run_of("wrong")
