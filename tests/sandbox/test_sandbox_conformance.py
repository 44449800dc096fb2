"""What every tier must do; each test names the defect that it would catch.

Excused, because `unsafe` promises none of it: the file system, the network and other processes
(`test_programs.py` has the attacks on those). Excused of starting processes, because `landlock`
refuses it: `test_a_daemon_does_not_outlive_its_run`.
"""

import pytest

from assay.errors import UsageError
from assay.problem import Call, Io, Limits, Script, Test
from assay.sandbox import Job, Run, Sandbox, Verdict

QUICK = Limits(cpu_seconds=1.0, wall_seconds=15.0, memory_mb=256)


async def run(sandbox: Sandbox, code: str, *tests: Test, limits: Limits = QUICK) -> Run:
    [found] = await sandbox.run([Job(code=code, tests=tests, limits=limits)])
    return found


async def call(sandbox: Sandbox, code: str, expression: str, expected: str | None) -> Verdict:
    found = await run(sandbox, code, Call(id="t", expression=expression, expected=expected))
    return found.verdicts[0]


ADD = "def add(a, b):\n    return a + b\n"


async def test_a_right_program_passes_isolated(sandbox: Sandbox) -> None:
    """Defect: a pass that is not marked with how it was judged, or is not a pass."""
    found = await run(
        sandbox,
        ADD,
        Call(id="a", expression="add(1, 2)", expected="3"),
        Call(id="b", expression="add([1], [2])", expected="[1, 2]"),
    )
    assert found.passed
    assert found.judging == "isolated"
    assert [verdict.test for verdict in found.verdicts] == ["a", "b"]
    assert found.verdicts[0].detail.call == "add(1, 2)"


async def test_wrong_shows_both_values(sandbox: Sandbox) -> None:
    """Defect: feedback that cannot say what came instead."""
    verdict = await call(sandbox, ADD, "add(1, 2)", "4")
    assert verdict.outcome == "wrong"
    assert (verdict.detail.expected, verdict.detail.actual) == ("4", "3")


async def test_raised_names_the_line(sandbox: Sandbox) -> None:
    """Defect: an exception without type, text or place."""
    verdict = await call(sandbox, "def f(x):\n    y = 1\n    return y / x\n", "f(0)", "1")
    detail = verdict.detail
    assert verdict.outcome == "raised"
    assert (detail.exception, detail.message) == ("ZeroDivisionError", "division by zero")
    assert (detail.line, detail.source) == (3, "return y / x")


async def test_syntax_error_is_build_failed(sandbox: Sandbox) -> None:
    """Defect: code that does not compile counted as wrong, without its place."""
    found = await run(sandbox, "def f(:\n", Call(id="t", expression="f()", expected="1"))
    assert found.outcome == "build_failed"
    assert found.verdicts[0].outcome == "build_failed"
    assert found.diagnostics[0].line == 1
    assert found.detail.exception == "SyntaxError"


async def test_failure_at_load_fails_every_test(sandbox: Sandbox) -> None:
    """Defect: a module that raises while it is loaded leaves tests without a verdict."""
    code = "x = 1\nraise KeyError('k')\n"
    tests = [Call(id=str(i), expression="f()", expected="1") for i in range(2)]
    found = await run(sandbox, code, *tests)
    assert [verdict.outcome for verdict in found.verdicts] == ["raised", "raised"]
    assert found.detail.line == 2


async def test_missing_function_says_so(sandbox: Sandbox) -> None:
    """Defect: a missing function reported as a failure of the test or of the sandbox."""
    verdict = await call(sandbox, "def other(): pass", "add(1, 2)", "3")
    assert verdict.outcome == "raised"
    assert verdict.detail.exception == "NameError"
    assert "add" in (verdict.detail.message or "")


async def test_endless_loop_hides_no_other_test(sandbox: Sandbox) -> None:
    """Defect: one hang costs the results of the tests after it, or the place is lost."""
    code = "def f(x):\n    while x == 1:\n        pass\n    return x\n"
    tests = [Call(id=str(i), expression=f"f({i})", expected=str(i)) for i in range(3)]
    found = await run(sandbox, code, *tests)
    assert [verdict.outcome for verdict in found.verdicts] == ["passed", "timeout", "passed"]
    detail = found.verdicts[1].detail
    assert detail.limit == "1 s of CPU"
    assert detail.line in (2, 3)
    assert detail.source


async def test_endless_loop_in_c_is_ended(sandbox: Sandbox) -> None:
    """Defect: a limit that a Python signal handler must notice never fires inside C code."""
    code = "import re\ndef f():\n    return re.match(r'(a+)+$', 'a' * 64 + 'b')\n"
    verdict = await call(sandbox, code, "f()", "None")
    assert verdict.outcome == "timeout"
    assert verdict.detail.line == 3


async def test_sleeping_is_a_matter_of_wall_time(sandbox: Sandbox) -> None:
    """Defect: a program that waits for ever uses no CPU and is never ended."""
    code = "import time\ndef f():\n    time.sleep(60)\n"
    limits = Limits(cpu_seconds=1.0, wall_seconds=2.0)
    found = await run(sandbox, code, Call(id="t", expression="f()", expected="None"), limits=limits)
    [verdict] = found.verdicts
    assert verdict.outcome == "timeout"
    assert verdict.detail.limit == "2 s of wall time"
    assert verdict.detail.line == 3


async def test_hang_at_load(sandbox: Sandbox) -> None:
    """Defect: a loop at module level is reported without its line, or blocks the worker."""
    found = await run(
        sandbox, "x = 0\nwhile True:\n    x += 1\n", Call(id="t", expression="f()", expected="1")
    )
    assert found.outcome == "timeout"
    assert found.detail.line in (2, 3)


async def test_memory(sandbox: Sandbox) -> None:
    """Defect: running out of memory reported as an ordinary exception."""
    verdict = await call(sandbox, "def f():\n    return len(bytearray(2 << 30))\n", "f()", "1")
    assert verdict.outcome == "memory"


async def test_output_flood_in_a_call(sandbox: Sandbox) -> None:
    """Defect: printing for ever fills the supervisor's memory or runs into the time limit."""
    code = "def f():\n    while True:\n        print('x' * 1000)\n"
    found = await run(sandbox, code, Call(id="t", expression="f()", expected="1"))
    assert found.outcome == "output"
    assert found.wall_seconds < 8  # and not 15, the limit


async def test_output_flood_of_a_program(sandbox: Sandbox) -> None:
    """Defect: more output kept than was allowed."""
    found = await run(sandbox, "import os\nwhile True:\n    os.write(1, b'y' * 10000)\n")
    assert found.outcome == "output"
    assert len(found.stdout) == QUICK.output_bytes


async def test_signal(sandbox: Sandbox) -> None:
    """Defect: a crash without the signal's name."""
    code = "import ctypes\ndef f():\n    ctypes.string_at(0)\n"
    verdict = await call(sandbox, code, "f()", "1")
    assert verdict.outcome == "killed"
    assert verdict.detail.signal == "SIGSEGV"


async def test_exit_is_no_pass(sandbox: Sandbox) -> None:
    """Defect: status 0 taken for success."""
    for code in ("import os\ndef f(): os._exit(0)", "def f(): raise SystemExit(0)"):
        verdict = await call(sandbox, code, "f()", "None")
        assert verdict.outcome == "raised"
        assert "ended early" in (verdict.detail.message or "")


async def test_prints_are_shown(sandbox: Sandbox) -> None:
    """Defect: what a candidate prints while it is tested is lost, or read as a verdict."""
    code = "def f():\n    print('passed \\u00e9')\n    return 2\n"
    verdict = await call(sandbox, code, "f()", "1")
    assert verdict.outcome == "wrong"
    assert verdict.detail.stdout == "passed é\n"


async def test_observe_only(sandbox: Sandbox) -> None:
    """Defect: without an expected value nothing is observed, or it fails."""
    verdict = await call(sandbox, ADD, "add(1, 2)", None)
    assert (verdict.outcome, verdict.detail.actual) == ("passed", "3")


async def test_tolerance_and_raises(sandbox: Sandbox) -> None:
    """Defect: tolerance only at the top, or an expected exception of any type accepted."""
    code = "def f(x):\n    return {'a': [x + 1e-9]}\ndef g():\n    raise LookupError('no')\n"
    found = await run(
        sandbox,
        code,
        Call(id="near", expression="f(1.0)", expected="{'a': [1.0]}", tolerance=1e-6),
        Call(id="exact", expression="f(1.0)", expected="{'a': [1.0]}"),
        Call(id="raises", expression="g()", expected=None, raises="LookupError"),
        Call(id="other", expression="g()", expected=None, raises="ValueError"),
        Call(id="none", expression="f(1.0)", expected=None, raises="ValueError"),
    )
    outcomes = [verdict.outcome for verdict in found.verdicts]
    assert outcomes == ["passed", "wrong", "passed", "wrong", "wrong"]


async def test_broken_test_blames_nobody(sandbox: Sandbox) -> None:
    """Defect: a generated test that cannot run is scored against the candidate."""
    found = await run(
        sandbox,
        ADD,
        Call(id="value", expression="add(1, 2)", expected="1 +"),
        Call(id="uses", expression="add(1, 2)", expected="add(1, 2)"),
        Call(id="setup", expression="add(1, 2)", expected="3", setup="1 / 0"),
        Script(id="source", source="def check(:", call="check(add)"),
    )
    assert {verdict.outcome for verdict in found.verdicts} == {"skipped"}
    assert all("broken" in (verdict.detail.message or "") for verdict in found.verdicts)


async def test_script_shows_the_failing_assertion(sandbox: Sandbox) -> None:
    """Defect: a failing assert without the call and the two values."""
    source = (
        "def check(candidate):\n    assert candidate(1, 1) == 2\n    assert candidate(2, 2) == 5\n"
    )
    script = Script(id="s", source=source, call="check(add)")
    [verdict] = (await run(sandbox, ADD, script)).verdicts
    assert verdict.outcome == "wrong"
    detail = verdict.detail
    assert (detail.call, detail.expected, detail.actual) == ("add(2, 2)", "5", "4")


async def test_script_swallows_no_death(sandbox: Sandbox) -> None:
    """Defect: `except BaseException` in a test turns a dead candidate into a pass."""
    source = "def check(f):\n    try:\n        f()\n    except BaseException:\n        pass\n"
    code = "import os\ndef f():\n    os._exit(0)\n"
    [verdict] = (await run(sandbox, code, Script(id="s", source=source, call="check(f)"))).verdicts
    assert verdict.outcome == "raised"


async def test_arguments_change_in_place(sandbox: Sandbox) -> None:
    """Defect: what a call changes in its arguments does not reach the test."""
    code = (
        "def f(xs, d):\n    xs.sort()\n    xs[0].append(9)\n    d['k'] = {1}\n"
        "def same(xs):\n    xs.append(1)\n    return xs\n"
    )
    source = (
        "inner = [1]\nxs, d = [[2], inner], {}\nf(xs, d)\n"
        "assert xs == [[1, 9], [2]]\nassert d == {'k': {1}}\n"
        "ys = []\nassert same(ys) is ys\nassert ys == [1]\n"
    )
    assert (await run(sandbox, code, Script(id="s", source=source, call="pass"))).passed


@pytest.mark.parametrize("item", ["n", "str(n)", "n + 0.5"])
async def test_a_long_list_changes_in_place(sandbox: Sandbox, item: str) -> None:
    """Defect: a list of 64 or more plain items is compared with itself, and so never changes."""
    code = "def keep(items):\n    del items[3:]\n"
    test = Call(
        id="t",
        expression=f"(lambda items: (keep(items), items))([{item} for n in range(100)])",
        expected=f"(None, [{item} for n in range(3)])",
    )
    [run] = await sandbox.run([Job(code=code, tests=(test,))])
    assert run.passed, run


async def test_functions_and_iterators_cross(sandbox: Sandbox) -> None:
    """Defect: tests with key functions, generators or closures fail right programs."""
    code = (
        "def apply(f, xs):\n    return [f(x) for x in xs]\n"
        "def count(n):\n    while True:\n        yield n\n        n += 1\n"
        "def adder(n):\n    return lambda x: x + n\n"
        "async def later(x):\n    return x * 2\n"
    )
    source = (
        "import asyncio, itertools\n"
        "assert apply(lambda x: x * 2, [1, 2]) == [2, 4]\n"
        "assert apply(str, (1, 2)) == ['1', '2']\n"
        "assert apply(adder(3), iter([1])) == [4]\n"
        "assert list(itertools.islice(count(3), 2)) == [3, 4]\n"
        "assert asyncio.run(later(4)) == 8\n"
        "try:\n    apply(lambda x: 1 // x, [0])\n"
        "except ZeroDivisionError:\n    pass\nelse:\n    raise AssertionError\n"
    )
    found = await run(sandbox, code, Script(id="s", source=source, call="pass"))
    assert found.passed, found.verdicts
    assert found.judging == "isolated"


async def test_own_exceptions_are_caught(sandbox: Sandbox) -> None:
    """Defect: a test cannot catch the exception that the candidate defines."""
    code = "class Empty(LookupError):\n    pass\ndef f():\n    raise Empty('no')\n"
    source = (
        "from solution import Empty\ntry:\n    f()\nexcept Empty as e:\n    assert str(e) == 'no'\n"
    )
    found = await run(sandbox, code, Script(id="s", source=source, call="pass"))
    assert found.passed, found.verdicts
    assert found.judging == "isolated"


async def test_classes_are_judged_in_process_and_marked(sandbox: Sandbox) -> None:
    """Defect: tests of classes cannot be run, or are passed off as isolated."""
    code = (
        "class Stack:\n    def __init__(self):\n        self.items = []\n"
        "    def push(self, x):\n        self.items.append(x)\n"
    )
    source = "s = Stack()\ns.push(1)\nassert s.items == [1]\n"
    found = await run(sandbox, code, Script(id="s", source=source, call="pass"))
    assert found.passed, found.verdicts
    assert found.judging == "in-process"
    bad = await run(
        sandbox, code, Script(id="s", source=source + "assert s.items == [2]", call="pass")
    )
    assert bad.outcome == "wrong"
    assert bad.verdicts[0].detail.actual == "[1]"


UNITTEST = """
import unittest
from solution import add
class TestAdd(unittest.TestCase):
    def test_right(self):
        self.assertEqual(add(1, 2), 3)
    def test_wrong(self):
        self.assertEqual(add(1, 2), 4)
    def test_error(self):
        add(1, None)
    def test_raises(self):
        with self.assertRaises(TypeError):
            add(1, None)
    @unittest.skip("no")
    def test_skipped(self):
        pass
"""
PYTEST = """
import pytest
from thing import add
@pytest.mark.parametrize("a, b", [(1, 2), (2, 3)])
def test_right(a, b):
    assert add(a, b) == a + b
def test_wrong():
    assert add(1, 2) == 4
def test_raises():
    with pytest.raises(TypeError):
        add(1, None)
class TestPrint:
    def test_print(self, capsys):
        add(1, 2)
        assert capsys.readouterr().out == "hi\\n"
"""


async def test_unittest(sandbox: Sandbox) -> None:
    """Defect: a method's result confused with another's, or a skip taken for a pass."""
    names = ("right", "wrong", "error", "raises", "skipped", "absent")
    tests = [
        Script(id=n, source=UNITTEST, call=f"TestAdd.test_{n}", framework="unittest") for n in names
    ]
    found = await run(sandbox, ADD, *tests)
    outcomes = [verdict.outcome for verdict in found.verdicts]
    assert outcomes[:5] == ["passed", "wrong", "raised", "passed", "skipped"]
    assert outcomes[5] != "passed"
    assert found.verdicts[2].detail.line == 2


async def test_pytest(sandbox: Sandbox) -> None:
    """Defect: fixtures, parameters or `raises` do not work across the channel."""
    code = "def add(a, b):\n    print('hi')\n    return a + b\n"
    nodes: tuple[str, ...] = ("test_right[1-2]", "test_right[2-3]", "test_wrong", "test_raises")
    nodes += ("TestPrint::test_print", "test_absent")
    tests = [Script(id=n, source=PYTEST, call=n, framework="pytest", module="thing") for n in nodes]
    found = await run(sandbox, code, *tests, limits=Limits())
    outcomes = [verdict.outcome for verdict in found.verdicts]
    assert outcomes[:5] == ["passed", "passed", "wrong", "passed", "passed"], found.verdicts
    assert outcomes[5] == "skipped"
    assert found.judging == "isolated"


async def test_program(sandbox: Sandbox) -> None:
    """Defect: input, output, errors or the status of a program are lost."""
    code = "import sys\nprint(input()[::-1])\nprint('e', file=sys.stderr)\nsys.exit(int(input()))\n"
    for status, outcome in (("0", "passed"), ("3", "raised")):
        [found] = await sandbox.run([Job(code=code, stdin=f"abc\n{status}\n", limits=QUICK)])
        assert (found.outcome, found.stdout, found.stderr) == (outcome, "cba\n", "e\n")


async def test_program_as_main(sandbox: Sandbox) -> None:
    """Defect: `if __name__ == "__main__"` does not run, or runs while tests are judged."""
    code = "def f():\n    return 1\nif __name__ == '__main__':\n    print('main')\n"
    assert (await run(sandbox, code)).stdout == "main\n"
    found = await run(sandbox, code, Call(id="t", expression="f()", expected="1"))
    assert (found.passed, found.stdout) == (True, "")


async def test_program_that_raises(sandbox: Sandbox) -> None:
    """Defect: a traceback with the sandbox's own frames, or no line."""
    found = await run(sandbox, "def f():\n    return 1 / 0\nf()\n")
    assert found.outcome == "raised"
    assert (found.detail.exception, found.detail.line) == ("ZeroDivisionError", 2)
    assert found.stderr.startswith(
        'Traceback (most recent call last):\n  File "<candidate>", line 3'
    )


async def test_io_comparisons(sandbox: Sandbox) -> None:
    """Defect: blanks that do not matter fail a program, or ones that do are ignored."""
    found = await run(
        sandbox,
        "print('a  b ')\nprint()\n",
        Io(id="lines", stdin="", expected="a  b\n"),
        Io(id="exact", stdin="", expected="a  b\n", comparison="exact"),
        Io(id="tokens", stdin="", expected="a b", comparison="tokens"),
        Io(id="wrong", stdin="", expected="a b"),
    )
    outcomes = [verdict.outcome for verdict in found.verdicts]
    assert outcomes == ["passed", "wrong", "passed", "wrong"]


async def test_junk_output(sandbox: Sandbox) -> None:
    """Defect: bytes that are no UTF-8 break the reader, or a record that holds them."""
    found = await run(sandbox, "import os\nos.write(1, b'\\xff\\x00ok')\n")
    assert found.passed
    assert found.stdout == "\\xff\x00ok"
    verdict = await call(sandbox, "def f():\n    return '\\ud800'\n", "f()", "''")
    assert (verdict.detail.actual or "").encode()


async def test_a_daemon_does_not_outlive_its_run(sandbox: Sandbox) -> None:
    """Defect: waiting for a pipe that a grandchild holds, or leaving the grandchild."""
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n"
        "    time.sleep(30)\n    os._exit(0)\n"
    )
    found = await run(sandbox, code + "print('done', flush=True)\n")
    if sandbox.isolation.tier == "landlock":
        assert found.outcome == "denied"
        return
    assert (found.outcome, found.stdout) == ("passed", "done\n")
    assert found.wall_seconds < 8  # and not 15, the limit


async def test_runs_are_independent(sandbox: Sandbox) -> None:
    """Defect: what one test or one job changes is seen by the next."""
    code = "seen = []\ndef f():\n    seen.append(1)\n    return len(seen)\n"
    tests = [Call(id=str(i), expression="f()", expected="1") for i in range(3)]
    assert (await run(sandbox, code, *tests)).passed
    patch = "import builtins, math\nmath.pi = 3\nbuiltins.oct = lambda x: 7\ndef f(): return 1\n"
    assert (await run(sandbox, patch, Call(id="t", expression="f()", expected="1"))).passed
    later = "import math\ndef f(x): return [round(math.pi, 2), oct(x)]\n"
    assert (await call(sandbox, later, "f(8)", "[3.14, '0o10']")).outcome == "passed"


async def test_chance_is_repeatable(sandbox: Sandbox) -> None:
    """Defect: a verdict that depends on random numbers differs from run to run."""
    code = "import random\ndef f():\n    return random.random()\n"
    seeded = "import random\nrandom.seed(42)\ndef f():\n    return round(random.random(), 4)\n"
    values = {(await call(sandbox, code, "f()", None)).detail.actual for _ in range(3)}
    assert len(values) == 1
    assert (await call(sandbox, seeded, "f()", "0.6394")).outcome == "passed"


async def test_test_objects_that_cannot_cross(sandbox: Sandbox) -> None:
    """Defect: a test that hands over an object of its own fails a right program."""
    code = "def f(n):\n    return n.v\ndef g(file):\n    return file.read()\n"
    source = "class Node:\n    v = 3\nassert f(Node()) == 3\n"
    stream = "import io\nassert g(io.StringIO('ab')) == 'ab'\n"
    tests = [Script(id=s, source=s, call="pass") for s in (source, stream)]
    found = await run(sandbox, code, *tests)
    assert found.passed, found.verdicts
    assert found.judging == "in-process"


async def test_jobs_keep_their_order(sandbox: Sandbox) -> None:
    """Defect: with several at once, runs are handed to the wrong jobs."""
    jobs = [Job(code=f"print({number})", limits=QUICK) for number in range(20)]
    assert [found.stdout for found in await sandbox.run(jobs)] == [f"{n}\n" for n in range(20)]


async def test_unknown_language(sandbox: Sandbox) -> None:
    """Defect: code of another language run as Python."""
    with pytest.raises(UsageError):
        await sandbox.run([Job(code="", language="cobol")])
