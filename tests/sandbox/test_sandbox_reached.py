"""What ends before the candidate's code is reached is a failure of ours; what ends after, never."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

from assay.errors import SandboxError
from assay.problem import Call, Io, Limits, Script
from assay.sandbox import Job, Outcome, Sandbox, judging, languages, worker
from assay.sandbox.candidate_run import CandidateRun, Spawned

GOOD = "def f(n):\n    return 2 * n\nif __name__ == '__main__':\n    print(6)\n"
CALLS = (Call(id="c", expression="f(3)", expected="6"),)
OWN = (Script(id="s", source="import os\nassert f(3) == 6\n", call="pass"),)
DIRECT = "class C:\n    def two(self):\n        return 2\n"
IN_PROCESS = (Script(id="d", source="assert C().two() == 2\n", call="pass"),)
JOBS = {
    "split": Job(code=GOOD, tests=CALLS),
    "own judge": Job(code=GOOD, tests=OWN),
    "direct": Job(code=DIRECT, tests=IN_PROCESS),
    "program": Job(code=GOOD),
    "io": Job(code=GOOD, tests=(Io(id="i", stdin="", expected="6\n"),)),
    "bash": Job(code="echo 6\n", language="bash"),
    "c": Job(code="int main(void) { return 0; }\n", language="c"),
    "javascript calls": Job(code="const f = (n) => 2 * n\n", tests=CALLS, language="javascript"),
}
Fault = Callable[[Spawned, Any], Any]


def empty(run: Spawned, message: Any) -> Any:
    """Our process gets an order that it cannot read: it ends with status 70."""
    return {}


def killed(run: Spawned, message: Any) -> Any:
    """The machine ends our process, for want of memory say."""
    signal.pidfd_send_signal(run.process.pidfd, signal.SIGKILL)
    return message


def unpackable(run: Spawned, message: Any) -> Any:
    """Files that cannot be laid out: an error in our set-up, on its way to the command."""
    return message | {"files": [["x", 99]]} if isinstance(message, dict) else {}


def misplaced(run: Spawned, message: Any) -> Any:
    """A folder that is not there."""
    return message | {"folder": "/nowhere"} if isinstance(message, dict) else {}


def vanished(run: Spawned, message: Any) -> Any:
    """The toolchain's program is gone when it is to be started."""
    gone = ["/usr/bin/false-not-there"]
    return message | {"argv": gone} if isinstance(message, dict) else {}


FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "order": (empty, tuple(JOBS)),
    "kill": (killed, tuple(JOBS)),
    "files": (unpackable, ("bash", "c", "javascript calls")),
    "folder": (misplaced, ("bash", "c", "javascript calls")),
    "toolchain": (vanished, ("bash", "c", "javascript calls")),
}
CASES = [(fault, name) for fault, (_, names) in FAULTS.items() for name in names]


class Broken:
    """`send` with a fault in it, for the first `times` orders to a candidate's process."""

    def __init__(self, patch: pytest.MonkeyPatch, fault: Fault, times: int, of: type) -> None:
        self.left, real = times, Spawned.send

        def send(run: Spawned, message: Any, fds: list[int] | None = None) -> bool:
            if isinstance(run, of) and self.left:
                self.left -= 1
                message = fault(run, message)
            return real(run, message, fds)

        patch.setattr(Spawned, "send", send)


def usable(job: Job, sandbox: Sandbox) -> None:
    """Skips a language that is not here, or not in that tier."""
    if job.language == "python":
        return
    if sandbox.isolation.tier != "namespaces":
        pytest.skip("Python only")
    if languages.toolchain(job.language) is None:
        pytest.skip(f"no {job.language} here")


@pytest.mark.parametrize(("fault", "name"), CASES)
async def test_a_fault_before_the_code_is_no_verdict(
    near: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: str, name: str
) -> None:
    """Defect: our own process fails before it reads the candidate, and that reads `raised`."""
    usable(JOBS[name], near)
    monkeypatch.setattr("assay.sandbox.commands.CACHE.get", lambda key: None)
    Broken(monkeypatch, FAULTS[fault][0], 2, CandidateRun)
    with pytest.raises(SandboxError):
        await near.run([JOBS[name]])


@pytest.mark.parametrize("name", JOBS)
async def test_a_fault_that_passes_is_tried_again(
    near: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Defect: one bad moment of the machine is a verdict, or loses a run that could be had."""
    usable(JOBS[name], near)
    Broken(monkeypatch, empty, 1, CandidateRun)
    [run] = await near.run([JOBS[name]])
    assert run.passed, run


@pytest.mark.parametrize("name", ["split", "own judge"])
async def test_a_judge_that_fails_before_its_test_blames_nobody(
    near: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Defect: a judge that cannot begin reads `the test ended the process that judges it`."""
    monkeypatch.setattr(judging, "_RETIRES", 0)  # none stays from a run before
    Broken(monkeypatch, empty, 2, judging.Judge)
    with pytest.raises(SandboxError):
        await near.run([JOBS[name]])


async def test_a_process_that_never_comes_to_the_code_is_no_timeout(
    near: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: a machine that stands still is a program that did not end."""

    def stopped(run: Spawned, message: Any) -> Any:
        signal.pidfd_send_signal(run.process.pidfd, signal.SIGSTOP)
        return message

    Broken(monkeypatch, stopped, 2, CandidateRun)
    limits = Limits(cpu_seconds=0.1, wall_seconds=0.2)
    with pytest.raises(SandboxError, match="did not come to"):
        await near.run([Job(code=GOOD, tests=CALLS, limits=limits)])


@pytest.mark.parametrize("name", ["split", "direct", "program"])
async def test_a_descriptor_that_is_missing_is_no_verdict(
    near: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Defect: a run without all its descriptors fails by that, and is blamed for it."""
    real = worker.Zygote.spawn

    def spawn(zygote: worker.Zygote, order: bytes, fds: list[int]) -> worker.Process:
        return real(zygote, order, fds[:4])

    monkeypatch.setattr(worker.Zygote, "spawn", spawn)
    with pytest.raises(SandboxError):
        await near.run([JOBS[name]])


EXITS = {
    "at load": "import os\nos._exit(70)\n",
    "in a call": "import os\ndef f(n):\n    os._exit(70)\n",
    "killed": "import os, signal\ndef f(n):\n    os.kill(os.getpid(), signal.SIGTERM)\n",
    "without channels": "import os\nos.closerange(0, 64)\nos._exit(70)\n",
    "marks": "import os\nos.write(4, b'\\x1e' * 9)\nos._exit(70)\n",
    "crash": "import ctypes\nctypes.string_at(0)\n",
}
BAD = ("raised", "killed", "timeout", "denied")


@pytest.mark.parametrize("name", EXITS)
@pytest.mark.parametrize("tests", [(), CALLS], ids=["program", "tests"])
async def test_no_candidate_makes_its_end_a_failure_of_ours(
    near: Sandbox, name: str, tests: tuple[Call, ...]
) -> None:
    """Defect: a candidate ends like our own process does, and is let off as unmeasured."""
    code = EXITS[name] if tests or "def f" not in EXITS[name] else EXITS[name] + "f(1)\n"
    [run] = await near.run([Job(code=code, tests=tests)])
    assert run.outcome in BAD, run


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("process.exit(70);\n", "raised"),
        ("function f(n) { process.exit(70); }\n", "raised"),
        ("try { require('fs').closeSync(4) } catch {}\nprocess.abort();\n", "killed"),
    ],
)
async def test_no_candidate_in_javascript_either(
    namespaced: Sandbox, code: str, outcome: Outcome
) -> None:
    """Defect: the driver says that it came to the code only after the code could end it."""
    job = Job(code=code, tests=CALLS, language="javascript")
    usable(job, namespaced)
    [run] = await namespaced.run([job])
    assert run.outcome == outcome, run


async def test_code_that_does_not_fit_its_own_memory_is_the_candidates(
    near: Sandbox,
) -> None:
    """Defect: a candidate longer than its memory limit ends our process before it is read, and
    is let off as a failure of ours."""
    code = "x = 1\n" + "#" * (12 << 20)
    for tests in ((), CALLS):
        [run] = await near.run([Job(code=code, tests=tests, limits=Limits(memory_mb=8))])
        assert run.outcome == "memory", run.detail
