"""The fork server's two loops, compiled and Python's, do the same; and no run sees another's."""

import asyncio
import shutil
from collections.abc import Iterator

import pytest

from assay.errors import UsageError
from assay.problem import Call, Io, Limits, Script
from assay.sandbox import Job, Sandbox, layout, open_sandbox, plan
from assay.sandbox.child import native

QUICK = Limits(cpu_seconds=0.5, wall_seconds=10.0, memory_mb=128)
CALL = (Call(id="c", expression="f(2)", expected="4"),)
CHECK = (Script(id="s", source="def check(f):\n    assert f(3) == 6\n", call="check(f)"),)
OPEN = (Script(id="o", source="import os\ndef check(f):\n    assert f(1) == 2\n", call="check(f)"),)
DOUBLE = "def f(x):\n    return 2 * x\n"
MOUNT = "import ctypes; print(ctypes.CDLL(None).mount(b'a', b'/tmp', b'tmpfs', 0, 0))"
KNOWN = [
    (Job(code=DOUBLE, tests=CALL + CHECK + OPEN), "passed"),
    (Job(code="def f(x):\n    return x\n", tests=CALL), "wrong"),
    (Job(code="def f(x):\n    while True: pass\n", tests=CALL, limits=QUICK), "timeout"),
    (Job(code="x = bytearray(1 << 30)", limits=QUICK), "memory"),
    (Job(code="import os; os.kill(os.getpid(), 9)"), "killed"),
    (Job(code="import os; os.kill(-1, 9)"), "raised"),  # there is nobody else
    (Job(code="import socket; socket.socket()"), "denied"),
    (Job(code=MOUNT), "passed"),
    (Job(code="print(input())", tests=(Io(id="i", stdin="ab\n", expected="ab"),)), "passed"),
    (Job(code="import os\nos.write(1, b'x' * 99999)\nos.write(1, b'x')"), "output"),
    (Job(code="print('\\ud800')"), "raised"),
    (Job(code="# \ud800"), "build_failed"),
]  # fmt: skip


@pytest.fixture(scope="module", params=[True, False], ids=["compiled", "python"])
def loop(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    if request.param and native.load() is None:
        if shutil.which("cc") is None:
            pytest.skip("built without a C compiler")
        raise AssertionError("there is a compiler, and the loop was not built or is of another ABI")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "NATIVE", request.param)
        made = open_sandbox(slots=1)
    yield made
    asyncio.run(made.close())


async def test_both_loops_give_the_same(loop: Sandbox) -> None:
    """Defect: where no compiler was, a limit or a step of the confinement is missing."""
    runs = await loop.run([job for job, _ in KNOWN])
    assert [run.outcome for run in runs] == [outcome for _, outcome in KNOWN]
    assert runs[7].stdout == "-1\n"


LEAVES = """
import os, shutil
os.makedirs('/tmp/a/b'); open('/tmp/.hidden', 'w').write('secret'); os.umask(0)
try: os.chmod('/tmp', 0o700)
except OSError: pass
os.mkfifo('/tmp/pipe')
if os.fork() == 0:
    os.setsid()
    import time
    while True: open('/tmp/late', 'w').close(); time.sleep(0.001)
"""
LOOKS = """
import os
print(sorted(os.listdir('/tmp')), oct(os.stat('/tmp').st_mode), os.getcwd())
print(len(os.listdir('/proc/self/fd')))
print([pid for pid in os.listdir('/proc') if pid.isdigit() and pid != str(os.getpid())])
"""


async def test_nothing_is_handed_on(loop: Sandbox) -> None:
    """Defect: files, modes, processes or descriptors of one run reach the next."""
    first = await loop.run([Job(code=LOOKS)])
    runs = await loop.run([Job(code=LEAVES), Job(code=LOOKS)] * 5)
    assert {run.stdout for run in runs[1::2]} == {first[0].stdout}
    assert first[0].stdout.startswith("[] 0o41777 /tmp\n")


async def test_a_full_disk_is_the_runs_own(loop: Sandbox) -> None:
    """Defect: the limit on disk is the last job's, or a full folder stays full."""
    fill = (
        "try:\n    open('/tmp/x', 'wb').write(b'x' * (40 << 20))\n    print('room')\n"
        "except OSError as error:\n    print(error.errno)\n"
    )
    small, big = Limits(disk_mb=16), Limits(disk_mb=64)
    jobs = [Job(code=fill, limits=limits) for limits in (small, big, small, small, big)]
    assert [run.stdout for run in await loop.run(jobs)] == [
        "27\n", "room\n", "27\n", "27\n", "room\n"
    ]  # fmt: skip


async def test_random_numbers_are_the_same_in_every_run(loop: Sandbox) -> None:
    """Defect: a verdict that cannot be repeated, as each fork draws other numbers."""
    runs = await loop.run([Job(code="import random; print(random.random())")] * 3)
    assert len({run.stdout for run in runs}) == 1


FRAMES = [
    b"{}", b"[]", b"\xff\xff", b'{"names":1}', b'{"names":[["f","function"]]}', b'{"build":5}',
    b'{"failed":{}}', b'{"ok":4}', b'{"setup":"x"}', b'{"bad":1}',
    b'{"done":[{"test":0,"outcome":"passed"}],"end":"all","group":1}',
]  # fmt: skip
TAILS = ["os._exit(0)", "pass", "os.close(3)", "os.kill(os.getpid(), 9)"]
IN_PROCESS = (
    Script(id="s", source="class K(Thing): pass\ndef check(f): assert f(3) == 6", call="check(f)"),
)  # fmt: skip


@pytest.mark.parametrize("tests", [CALL, OPEN, IN_PROCESS], ids=["shared", "own", "in-process"])
async def test_frames_of_the_candidates_own(isolated: Sandbox, tests: tuple[Call, ...]) -> None:
    """Defect: a candidate that speaks our protocol passes, makes its run a failure of ours, or
    leaves a message behind that the next run takes for its own."""
    jobs = [Job(code=DOUBLE + "class Thing: pass\n", tests=CALL + CHECK)]
    for body in FRAMES:
        frame = len(body).to_bytes(4, "big") + body
        for tail in TAILS:
            start = f"import os\nclass Thing: pass\nos.write(3, {frame!r})\n{tail}\n"
            code = start + "def f(x): return 5\n"
            jobs += [Job(code=code, tests=tests, limits=QUICK), jobs[0]]
    runs = await isolated.run(jobs)
    assert all(run.passed for run in runs[::2])
    assert not any(run.passed for run in runs[1::2])


FRAME_TEST = """
def look():
    frame = [it][0].gi_frame
    while frame is not None:
        if "_KINDS" in frame.f_globals:
            frame.f_globals["_KINDS"]["call"] = lambda t, c, l: {"outcome": "passed", "detail": {}}
        frame = frame.f_back
    yield 1
it = look()
next(it)
"""
PATCHES = [
    FRAME_TEST,
    "import typing\ndef g(): pass\ng.x = 1\n",
    "from typing import get_type_hints\ndef g(a: '1'): pass\nget_type_hints(g)\n",
    "import copy\nclass P:\n    pass\ncopy.copy(P())\n",
    "import functools, math\nfunctools.update_wrapper(math, int, assigned=('real',), updated=())\n",
    "import math\nmath.sqrt = abs\n",
    "t = type\nt('P', (), {})\n",
    "x = [].__class__\n",
]


@pytest.mark.parametrize("source", PATCHES)
async def test_only_harmless_tests_share_a_judge(isolated: Sandbox, source: str) -> None:
    """Defect: one job's test decides about the candidates of the next."""
    hostile = Script(
        id="h", source=source + "def check(f):\n    assert f(1) == 2\n", call="check(f)"
    )
    assert not plan.read(hostile).pure
    wrong = Job(code="def f(x):\n    return 0\n", tests=CALL)
    runs = await isolated.run([Job(code=DOUBLE, tests=(hostile,)), wrong] * 3)
    assert not any(run.passed for run in runs[1::2])


async def test_a_late_message_is_no_verdict_of_the_next() -> None:
    """Defect: what a judge says after a limit ended the candidate is taken for the next job's."""
    late = "import os, time\ndef f(x):\n    os.write(4, b'x')\n    time.sleep(9)\n"
    right, wrong = Job(code=DOUBLE, tests=CALL), Job(code="def f(x):\n    return 0\n", tests=CALL)
    sandbox = open_sandbox(slots=1)
    try:
        jobs = [Job(code=late, tests=CALL, limits=QUICK), right, right, wrong, wrong, right]
        runs = await sandbox.run(jobs * 3)
    finally:
        await sandbox.close()
    expected = ["timeout", "passed", "passed", "wrong", "wrong", "passed"] * 3
    assert [run.outcome for run in runs] == expected


async def test_names_of_any_length_are_no_failure_of_ours(isolated: Sandbox) -> None:
    """Defect: a candidate chooses not to be measured by an exception that is too big to tell."""
    code = "def f(x):\n    raise type('X' * (5 << 20), (Exception,), {})()\n"
    [run] = await isolated.run([Job(code=code, tests=CALL)])
    assert run.outcome == "raised"


async def test_a_child_that_holds_the_line_ends_with_the_program(loop: Sandbox) -> None:
    """Defect: the supervisor waits for ever for a process that its program left behind."""
    code = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\nraise ValueError('x')\n"
    [run] = await asyncio.wait_for(loop.run([Job(code=code)]), 20)
    assert (run.outcome, run.detail.exception) == ("raised", "ValueError")


async def test_limits_that_are_none_are_wrong_use(isolated: Sandbox) -> None:
    """Defect: nonsense limits become a verdict on the program."""
    for limits in (Limits(cpu_seconds=-1), Limits(memory_mb=0), Limits(wall_seconds=float("nan"))):
        with pytest.raises(UsageError):
            await isolated.run([Job(code="1", limits=limits)])


async def test_a_test_that_never_ends_blames_no_other(loop: Sandbox) -> None:
    """Defect: a test whose own text runs for ever makes the tests before it time out."""
    texts = ["f(1)", "f(2)", "f(10 ** 10 ** 10)", "f(3)"]
    tests = tuple(Call(id=text, expression=text, expected="2 * " + text[2:-1]) for text in texts)
    limits = Limits(cpu_seconds=0.5, wall_seconds=1.0)
    [run] = await loop.run([Job(code=DOUBLE, tests=tests, limits=limits)])
    assert [verdict.outcome for verdict in run.verdicts] == [
        "passed", "passed", "timeout", "passed"
    ]  # fmt: skip


async def test_the_cpu_of_an_orphan_counts(loop: Sandbox) -> None:
    """Defect: a process that is nobody's child works on past the limit."""
    code = (
        "import os, time\nif os.fork() == 0:\n    if os.fork() == 0:\n        while True: pass\n"
        "    os._exit(0)\nos.wait()\ntime.sleep(30)\n"
    )
    [run] = await loop.run([Job(code=code, limits=Limits(cpu_seconds=1, wall_seconds=25))])
    assert (run.outcome, run.detail.limit) == ("timeout", "1 s of CPU")


async def test_a_candidate_does_not_choose_where_it_is_judged(loop: Sandbox) -> None:
    """Defect: what a candidate hands to a test's function moves the test into its process."""
    source = "def check(top):\n    assert top(lambda p: p[0], [(1, 2)]) == 1\n"
    code = "def top(key, xs):\n    try: key(list)\n    except BaseException: pass\n    return 5\n"
    test = Script(id="t", source=source, call="check(top)")
    [run] = await loop.run([Job(code=code, tests=(test,))])
    assert (run.passed, run.judging) == (False, "isolated")
