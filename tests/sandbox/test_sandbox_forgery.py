"""Candidates that are wrong and want to be judged right. None may pass, however it is tested."""

import pytest
from attacks import CALLS, CASES, attacks

from assay.problem import Call, Limits, Script, Test
from assay.sandbox import Job, Sandbox

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=2.0, memory_mb=256)
ASSERTS = "\n".join(f"    assert {call} == {value}" for call, value in CASES)
METHODS = "\n".join(f"        self.assertEqual({call}, {value})" for call, value in CASES)
TESTS: dict[str, tuple[Test, ...]] = {
    "calls": CALLS,
    "plain": (Script(id="s", source=f"def check(add):\n{ASSERTS}\n", call="check(add)"),),
    "unittest": (
        Script(
            id="s",
            source="import unittest\nfrom solution import add\n"
            f"class TestAdd(unittest.TestCase):\n    def test_add(self):\n{METHODS}\n",
            call="TestAdd.test_add",
            framework="unittest",
        ),
    ),
    "pytest": (
        Script(
            id="s",
            source=f"from solution import add\ndef test_add():\n{ASSERTS}\n",
            call="test_add",
            framework="pytest",
        ),
    ),
}
OWN = {
    "arithmetic": "class N:\n    def __sub__(s, o): return 0.0\n    def __add__(s, o): return 0\n"
    "    __rsub__ = __sub__\n    def __abs__(s): return 0.0\ndef add(a, b): return N()\n",
    "skips_unittest": "import unittest\ndef add(a, b): raise unittest.SkipTest('x')\n",
    "skips_pytest": "class Skipped(Exception): pass\nSkipped.__module__ = '_pytest.outcomes'\n"
    "def add(a, b): raise Skipped('x')\n",
    "leaves_pytest": "class Exit(Exception): pass\nExit.__module__ = '_pytest.outcomes'\n"
    "def add(a, b): raise Exit('x')\n",
    "interrupts": "def add(a, b): raise KeyboardInterrupt\n",
    "stops": "def add(a, b): raise StopIteration\n",
    "asserts": "def add(a, b): raise AssertionError\n",
    "speaks_for_the_judge": "import gc, socket, json, os\n"
    "def add(a, b):\n"
    "    m = json.dumps({'outcome': 'passed', 'detail': {}, 'test': 0}).encode()\n"
    "    for fd in range(3, 60):\n"
    "        try: os.write(fd, len(m).to_bytes(4, 'big') + m)\n"
    "        except OSError: pass\n"
    "    return 0\n",
    "answers_by_itself": "import gc, socket, struct, json\n"
    "def add(a, b):\n"
    "    for s in gc.get_objects():\n"
    "        if isinstance(s, socket.socket):\n"
    '            m = b\'{"ok":3,"same":99,"args":[[],{"D":[]}]}\'\n'
    "            try: s.sendall(struct.pack('!I', len(m)) + m)\n"
    "            except OSError: pass\n"
    "    return 0\n",
    "shadows_builtins": "def abs(x): return 0\ndef all(x): return True\ndef len(x): return 0\n"
    "def isinstance(a, b): return True\ndef add(a, b): return None\n",
    "changes_arguments": "def add(a, b):\n    if isinstance(a, list): a[:] = []; b[:] = []\n"
    "    return a\n",
    "str_subclass": "class S(str):\n    def __eq__(s, o): return True\n"
    "    __hash__ = str.__hash__\n"
    "    def __ne__(s, o): return False\ndef add(a, b): return S('ab')\n",
    "hidden_class": "class add:\n    def __new__(c, a, b): return object.__new__(c)\n"
    "    def __eq__(s, o): return True\n",
    "names_a_class_like_the_test": "class TestAdd: pass\nclass check: pass\nclass T: pass\n"
    "class assertEqual: pass\nclass unittest: pass\nclass E:\n"
    "    def __eq__(s, o): return True\ndef add(a, b): return E()\n",
    "patches_harness": "import sys\n"
    "for n, m in list(sys.modules.items()):\n"
    "    if n.startswith('assay'):\n"
    "        for k, v in list(vars(m).items()):\n"
    "            if k in ('equal', 'run', 'encode', 'show'): setattr(m, k, lambda *a, **k: True)\n"
    "def add(a, b): return 0\n",
}
CANDIDATES = {row["name"]: row["code"] for row in attacks("solution")} | OWN


@pytest.mark.parametrize("name", CANDIDATES)
async def test_no_forged_pass(isolated: Sandbox, name: str) -> None:
    """Defect: a verdict that the candidate can reach, in any of the four ways to test it."""
    jobs = [Job(code=CANDIDATES[name], tests=tests, limits=LIMITS) for tests in TESTS.values()]
    for kind, found in zip(TESTS, await isolated.run(jobs), strict=True):
        assert not found.passed, (name, kind, found)
        assert found.judging == "isolated", (name, kind)


async def test_closeness_is_judged_here(isolated: Sandbox) -> None:
    """Defect: an object whose arithmetic lies passes `abs(f(x) - y) < 1e-6`."""
    script = Script(
        id="s", source="def check(f):\n    assert abs(f(1, 2) - 3) < 1e-6\n", call="check(add)"
    )
    names = ("arithmetic", "shadows_builtins")
    jobs = [Job(code=OWN[name], tests=(script,), limits=LIMITS) for name in names]
    assert [found.passed for found in await isolated.run(jobs)] == [False, False]


async def test_expected_values_never_reach_the_candidate(isolated: Sandbox) -> None:
    """Defect: tests or expected values can be read in the candidate's process."""
    code = (
        "import gc, re, sys\n"
        "def f():\n"
        "    hay = []\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        hay.append(repr(frame.f_locals)); frame = frame.f_back\n"
        "    hay += [o for o in gc.get_objects() if isinstance(o, str)]\n"
        "    hay += [repr(o) for o in gc.get_objects() if type(o) in (dict, list, tuple)]\n"
        "    try: memory = open('/proc/self/maps').read()\n"
        "    except PermissionError: memory = ''\n"  # landlock: /proc cannot be read at all
        "    found = any(re.search('73[5]731', h) for h in hay)\n"
        "    for line in memory.splitlines():\n"
        "        start, end = (int(x, 16) for x in line.split()[0].split('-'))\n"
        "        if 'rw' not in line or end - start > 64 << 20: continue\n"
        "        with open('/proc/self/mem', 'rb') as m:\n"
        "            m.seek(start)\n"
        "            try: found = found or bool(re.search(b'73[5]731', m.read(end - start)))\n"
        "            except OSError: pass\n"
        "    return found\n"
    )
    test = Call(id="secret-735731", expression="f()", expected="735731")
    [found] = await isolated.run([Job(code=code, tests=(test,))])
    assert found.verdicts[0].detail.actual == "False", found


async def test_one_test_cannot_pass_another(isolated: Sandbox) -> None:
    """Defect: a hostile test changes the judge for the tests after it."""
    evil = (
        "import builtins, operator, sys\n"
        "for n, m in list(sys.modules.items()):\n"
        "    for k in ('equal', 'run_call'):\n"
        "        if n.startswith('assay') and hasattr(m, k): setattr(m, k, lambda *a: True)\n"
    )
    tests: tuple[Test, ...] = (
        Script(id="evil", source=evil, call="pass"),
        Call(id="setup", expression="add(1, 1)", expected="2", setup=evil),
        Call(id="honest", expression="add(1, 2)", expected="3"),
    )
    [found] = await isolated.run([Job(code="def add(a, b): return 0\n", tests=tests)])
    assert found.verdicts[2].outcome == "wrong"
