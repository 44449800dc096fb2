"""Programs and tests that Python itself judges in one way: the sandbox must judge them so too.

Each row names what was once told wrong of a right program, or the other way round.
"""

from assay.problem import Io, Script
from assay.sandbox import Job, Run, Sandbox
from assay.sandbox.programs import same_output

UNITTEST = "import unittest\nfrom solution import f\nclass T(unittest.TestCase):\n"
# name: the candidate, the test
RIGHT: dict[str, tuple[str, str]] = {
    "a key error reads once": (
        "def f(d, k): return d[k]\n",
        "try: f({}, 'x')\nexcept KeyError as e: assert (str(e), e.args) == (\"'x'\", ('x',))\n",
    ),
    "arguments of an exception": (
        "def f(): raise ValueError('bad', 3)\n",
        "try: f()\nexcept ValueError as e: assert e.args == ('bad', 3)\n",
    ),
    "attributes of an exception": (
        "class Bad(ValueError):\n    def __init__(self, code):\n        self.code = code\n"
        "    def __str__(self): return 'no'\ndef f(): raise Bad(7)\n",
        "try: f()\nexcept ValueError as e: assert (e.code, str(e)) == (7, 'no')\n",
    ),
    "exit status": (
        "import sys\ndef f(): sys.exit(2)\n",
        "try: f()\nexcept SystemExit as e: assert e.code == 2\n",
    ),
    "file name of an error": (
        "def f(): open('/nothing')\n",
        "try: f()\nexcept FileNotFoundError as e:\n"
        "    assert (e.errno, e.filename) == (2, '/nothing') and '/nothing' in str(e)\n",
    ),
    "standard exceptions with fields": (
        "import json\ndef f(s): return json.loads(s)\ndef g(): return b'\\xff'.decode()\n",
        "import json\ntry: f('{')\nexcept json.JSONDecodeError as e: assert e.pos == 1\n"
        "try: g()\nexcept UnicodeDecodeError as e: assert 'utf-8' in str(e) and e.start == 0\n",
    ),
    "views of a dict": (
        "def f(d): return d.keys()\ndef g(d): return d.values()\ndef h(d): return d.items()\n",
        "assert f({1: 2}) == {1} and list(g({1: 2})) == [2] and len(g({1: 2, 3: 2})) == 2\n"
        "assert h({1: [2]}) == {1: [2]}.items() and sorted(f({2: 0, 1: 0})) == [1, 2]\n",
    ),
    "what a defaultdict makes": (
        "from collections import defaultdict\ndef f(d, k):\n    d[k].append(1)\n    return d\n"
        "def g(): return defaultdict(int)\n",
        "from collections import defaultdict\nassert f(defaultdict(list), 'a') == {'a': [1]}\n"
        "assert g()['z'] == 0\n",
    ),
    "a deque changed in place": (
        "def f(q):\n    q.append(2)\n    return q\n",
        "from collections import deque\nq = deque([1])\nassert f(q) is q and list(q) == [1, 2]\n",
    ),
    "fields of a named tuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\n"
        "def f(): return P(1, [2])\ndef g(p): p.y.append(3)\n",
        "p = f()\nassert p == (1, [2]) and p.x == 1\ng(p)\nassert p.y == [2, 3]\n",
    ),
    "a class that a call makes": (
        "from enum import Enum\nfrom collections import namedtuple\nColor = Enum('Color', 'RED')\n"
        "Point = namedtuple('Point', 'x')\ndef f(): return Color.RED\n",
        "assert f() is Color.RED and Point(1).x == 1\n",
    ),
    "a class under if, by a module's other name": (
        "if True:\n    class Stack:\n        def __init__(self): self.items = []\n",
        "import solution as s\nassert s.Stack().items == []\n",
    ),
    "attributes of an object": (
        "class Node:\n    def __init__(self, v, n): self.val, self.next = v, n\n"
        "def f(): return Node(1, Node(2, None))\n",
        "n, seen = f(), []\nwhile n:\n    seen.append(n.val)\n    n = n.next\n"
        "assert seen == [1, 2]\n",
    ),
    "an argument by name is itself": (
        "def f(x):\n    x.append(1)\n    return x\n",
        "items = []\nassert f(x=items) is items and items == [1]\n",
    ),
    "a callback after its call": (
        "import threading, time\ndef f(c): threading.Timer(0.02, c).start()\n"
        "def g():\n    time.sleep(0.1)\n    return 2\n",
        "seen = []\nf(lambda: seen.append(1))\nassert g() == 2 and g() == 2 and seen == [1]\n",
    ),
    "an object is itself": ("class A: pass\na = A()\ndef f(): return a\n", "assert f() is f()\n"),
    "a callback is itself": (
        "H = []\ndef on(c): H.append(c)\ndef off(c): H.remove(c)\ndef emit(): [h() for h in H]\n",
        "got = []\ndef c(): got.append(1)\non(c); emit(); off(c); emit()\nassert got == [1]\n",
    ),
    "names of functions that cross": (
        "import functools\ndef f(g):\n    @functools.wraps(g)\n    def w(*a):\n"
        "        print('calls', g.__name__)\n        return g(*a)\n    return w\n",
        "import contextlib, io\nout = io.StringIO()\n@f\ndef twice(x):\n    print('in')\n"
        "    return 2 * x\nwith contextlib.redirect_stdout(out): assert twice(2) == 4\n"
        "assert twice.__name__ == 'twice' and out.getvalue() == 'calls twice\\nin\\n'\n",
    ),
    "callbacks from threads": (
        "from concurrent.futures import ThreadPoolExecutor\ndef f(g, xs):\n"
        "    with ThreadPoolExecutor(8) as pool: return list(pool.map(g, xs))\n",
        "assert f(lambda x: x * x, list(range(99))) == [x * x for x in range(99)]\n",
    ),
    "calls from threads": (
        "def f(x): return 2 * x\n",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    assert list(pool.map(f, range(99))) == list(range(0, 198, 2))\n",
    ),
    "types that the candidate imports": (
        "from collections import deque\nfrom decimal import Decimal\ndef f(): return deque([1])\n"
        "def g(): return Decimal('1.5')\n",
        "assert isinstance(f(), deque) and isinstance(g(), Decimal) and g() == Decimal('1.5')\n",
    ),
    "bytes to standard output": (
        "import sys\ndef f(): sys.stdout.buffer.write(b'hi\\n')\n",
        "import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out): f()\n"
        "assert out.getvalue() == 'hi\\n'\n",
    ),
    "exit is a name": (
        "def f(): exit(3)\n",
        "try: f()\nexcept SystemExit as e: assert e.code == 3\n",
    ),
    "a byte order mark": ("\ufeffclass A:\n    x = 1\n", "assert A().x == 1\n"),
    "the environment": (
        "import os\ndef f(): return os.environ.get('Q')\n",
        "import os\nos.environ['Q'] = '1'\nassert f() == '1'\n",
    ),
    "a file that the test writes": (
        "def f(p):\n    with open(p) as file: return file.read()\n",
        "import tempfile, os\nwith tempfile.NamedTemporaryFile('w') as t:\n    t.write('hi')\n"
        "    t.flush()\n    assert f(t.name) == 'hi'\n",
    ),
    "standard input that the test sets": (
        "def f(): return input()\n",
        "import io, sys\nsys.stdin = io.StringIO('5\\n')\nassert f() == '5'\n",
    ),
    "a name of the module that the test sets": (
        "RATE = 1\ndef f(): return RATE\n",
        "import solution\nsolution.RATE = 2\nassert solution.f() == 2\n",
    ),
    "warnings": (
        "import warnings\ndef f(): warnings.warn('x')\n",
        "import warnings\nwith warnings.catch_warnings(record=True) as w:\n"
        "    warnings.simplefilter('always')\n    f()\nassert len(w) == 1\n",
    ),
    "a docstring": ("def f():\n    'doc'\n", "assert f.__doc__ == 'doc'\n"),
    "asynchronous callbacks and generators": (
        "async def f(g):\n    yield await g(1)\n",
        "import asyncio\nasync def g(x): return x + 1\nasync def main():\n"
        "    return [x async for x in f(g)]\nassert asyncio.run(main()) == [2]\n",
    ),
}
WRONG: dict[str, tuple[str, str]] = {
    "changes its argument, then raises": (
        "def f(items):\n    items.append(1)\n    raise ValueError\n",
        "items = []\ntry: f(items)\nexcept ValueError: pass\nassert items == []\n",
    ),
    "a group of exceptions is no TypeError": (
        "def f(): raise ExceptionGroup('g', [ValueError()])\n",
        "try: f()\nexcept TypeError: pass\n",
    ),
    "methods of an object that poses as text": (
        "class S:\n    def startswith(self, x): return True\n    lower = lambda self: self\n"
        "def f(): return S()\n",
        "assert f().lower().startswith('x')\n",
    ),
    "a named tuple whose fields pose as methods": (
        "from collections import namedtuple\nP = namedtuple('P', 'count index')\n"
        "def f(): return P(lambda x: 3, lambda x: 3)\n",
        "assert f().count(1) == 3\n",
    ),
    "an exception whose attributes pose as methods": (
        "class E(ValueError): pass\ndef f():\n    e = E(1)\n    e.args_ = e.with_traceback = 1\n"
        "    raise e\n",
        "try: f()\nexcept ValueError as e: assert e.args == (2,)\n",
    ),
}
PROGRAMS: dict[str, tuple[str, str, str]] = {
    "standard streams in other wrappers": (
        "import io, sys\nsys.stdin = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8')\n"
        "sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')\nprint(input())\n",
        "5\n",
        "5\n",
    ),
    "exit": ("print(1)\nexit()\nprint(2)\n", "", "1\n"),
    "quit": ("print(1)\nquit(0)\n", "", "1\n"),
    "a byte order mark": ("\ufeffprint(1)\n", "", "1\n"),
    "carriage returns come in": ("print(repr(input()))\n", "a\r\n", "'a\\r'\n"),
    "closed output": ("import sys\nprint(1)\nsys.stdout.close()\n", "", "1\n"),
    "what __del__ prints": (
        "class A:\n    def __del__(self): print('bye')\na = A()\n",
        "",
        "bye\n",
    ),
    "no arguments": ("import sys\nprint(len(sys.argv))\n", "", "1\n"),
}


async def judged(sandbox: Sandbox, rows: dict[str, tuple[str, str]]) -> dict[str, Run]:
    jobs = [
        Job(code=code, tests=(Script(id=name, source=source, call="pass"),))
        for name, (code, source) in rows.items()
    ]
    return dict(zip(rows, await sandbox.run(jobs), strict=True))


async def test_right_programs_pass(near: Sandbox) -> None:
    """Defect: what a right program does is lost between the candidate's process and its judge's."""
    found = await judged(near, RIGHT)
    assert {name: run.verdicts[0] for name, run in found.items() if not run.passed} == {}


async def test_wrong_programs_do_not(near: Sandbox) -> None:
    """Defect: what a wrong program does is lost there, or what poses as plain is believed."""
    found = await judged(near, WRONG)
    assert [name for name, run in found.items() if run.passed] == []
    assert {run.judging for run in found.values()} == {"isolated"}


async def test_programs_end_as_in_python(near: Sandbox) -> None:
    """Defect: a program that is right under `python` fails for how it is started here."""
    jobs = [
        Job(code=code, tests=(Io(id=name, stdin=stdin, expected=out, comparison="exact"),))
        for name, (code, stdin, out) in PROGRAMS.items()
    ]
    runs = dict(zip(PROGRAMS, await near.run(jobs), strict=True))
    assert {name: run.verdicts[0] for name, run in runs.items() if not run.passed} == {}


async def test_a_call_that_forks(namespaced: Sandbox) -> None:
    """Defect: the child that returns from the candidate's function answers in its place."""
    code = (
        "import os, time\ndef f():\n    if os.fork() == 0: return 5\n    time.sleep(0.05)\n"
        "    return 1\n"
    )
    test = Script(id="t", source="assert f() == 1 and f() == 1\n", call="pass")
    [run] = await namespaced.run([Job(code=code, tests=(test,))])
    assert run.passed, run


def test_outputs_differ() -> None:
    """Defect: marks that Python's `splitlines` or `Decimal` take for line ends and digits."""
    assert not same_output("1\r2\n", "1\n2\n", "lines")
    assert not same_output("1\x0b2\u20283\n", "1\n2\n3\n", "lines")
    assert not same_output("1_0\n", "10\n", "numbers")
    assert not same_output("\u0661\n", "1\n", "numbers")
    assert same_output("1\r\n2 \r\n", "1\n2\n", "lines")
    assert same_output("+1.50 1e1\n", "1.5 10\n", "numbers")


async def test_the_environment_of_a_candidate_says_nothing_of_ours(near: Sandbox) -> None:
    """Defect: `sys.argv` holds our own configuration, with the machine's paths."""
    code = "import sys\ndef f(): return sys.argv\n"
    test = Script(id="t", source="assert f() == ['candidate.py']\n", call="pass")
    [run] = await near.run([Job(code=code, tests=(test,))])
    assert run.passed, run


async def test_a_test_that_lacks_a_module_blames_nobody(near: Sandbox) -> None:
    """Defect: a test that imports what is not installed fails a right program."""
    plain = Script(id="a", source="import nothing_here\nassert f() == 1\n", call="pass")
    method = "    def test(self):\n        import nothing_here\n"
    case = Script(id="b", source=UNITTEST + method, call="T.test", framework="unittest")
    broken = Script(id="c", source=UNITTEST + "    def (\n", call="T.test", framework="unittest")
    own = Script(id="d", source="from solution import g\n", call="pass")
    tests = (plain, case, broken, own)
    [run] = await near.run([Job(code="def f(): return 1\n", tests=tests)])
    assert [v.outcome for v in run.verdicts] == ["skipped", "skipped", "skipped", "raised"]


async def test_expected_failures(near: Sandbox) -> None:
    """Defect: `expectedFailure` that fails is told as wrong, one that passes as skipped."""
    source = UNITTEST + "".join(
        f"    @unittest.expectedFailure\n    def test_{n}(self): self.assertEqual(f(), {n})\n"
        for n in (1, 2)
    )
    tests = tuple(
        Script(id=f"{n}", source=source, call=f"T.test_{n}", framework="unittest") for n in (1, 2)
    )
    [run] = await near.run([Job(code="def f(): return 1\n", tests=tests)])
    assert [v.outcome for v in run.verdicts] == ["wrong", "passed"]


async def test_no_flood_of_callbacks_fills_the_judge(near: Sandbox) -> None:
    """Defect: a candidate that writes the channel itself fills its judge's memory."""
    code = (
        "import struct, sys\ndef f(c):\n    frame = sys._getframe()\n"
        "    while not hasattr(frame.f_locals.get('self'), '_sock'): frame = frame.f_back\n"
        "    s = frame.f_locals['self']._sock\n"
        '    body = b\'{"op":"call","id":0,"args":[[],{"D":[]}],"out":"%s"}\'\n'
        "    body %= b'x' * (8 << 20)\n"
        "    while True:\n        s.sendall(struct.pack('!I', len(body)) + body)\n"
        "        s.recv(1 << 16)\n"
    )
    flood = Script(id="flood", source="f(lambda: None)\n", call="pass")
    after = Script(id="after", source="assert 1 + 1 == 2\n", call="pass")
    [run] = await near.run([Job(code=code, tests=(flood, after))])
    assert [v.outcome for v in run.verdicts] == ["raised", "passed"], run
    assert run.verdicts[0].detail.exception in ("ConnectionResetError", "SystemExit"), run


async def test_an_argument_too_deep_to_cross(near: Sandbox) -> None:
    """Defect: an argument of the test's that cannot cross is blamed on the program; or one that the
    candidate has a hand in gets it judged in its own process."""
    code = (
        "def depth(v):\n    n = 0\n    while v: v, n = v[0], n + 1\n    return n\n"
        "def nested(n):\n    v = []\n    for _ in range(n): v = [v]\n    return v\n"
    )
    deep = "v = []\nfor _ in range(500): v = [v]\n"
    tests = tuple(
        Script(id=source, source=source, call="pass")
        for source in (
            f"{deep}assert depth(v) == 500\n",
            f"{deep}assert depth(v) == 499\n",
            "assert depth([nested(90)]) == 91\n",
            "v = nested(90)\nfor _ in range(99): v = [v]\nassert depth(v) == 189\n",
        )
    )
    [run] = await near.run([Job(code=code, tests=tests)])
    assert [(v.outcome, v.judging) for v in run.verdicts] == [
        ("passed", "in-process"),
        ("wrong", "in-process"),
        ("passed", "isolated"),
        ("raised", "isolated"),
    ]
