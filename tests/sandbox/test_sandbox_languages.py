"""Languages beside Python, in every tier: honest programs, broken ones and hostile ones."""

import asyncio
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attacks import FILE, attacks
from language_programs import PROGRAMS

from assay.errors import UnknownName, UsageError
from assay.problem import Call, Io, Limits, Script, Test
from assay.sandbox import Job, Run, Sandbox, languages, open_sandbox
from assay.sandbox.artefacts import CACHE, Cache, key_of, size_of
from assay.sandbox.child import pack
from assay.sandbox.languages import Toolchain
from assay.sandbox.languages.python import is_own

QUICK = Limits(cpu_seconds=1.0, wall_seconds=10.0, memory_mb=256)
EVERY = [name for name in PROGRAMS if not is_own(name)]


@pytest.fixture
def isolated(namespaced: Sandbox) -> Sandbox:
    """The only tier that isolates them."""
    return namespaced


@pytest.fixture(scope="session", params=[False, True], ids=["namespaces", "unsafe"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """The tiers of this machine: a remote one has toolchains of its own."""
    made = open_sandbox(unsafe=request.param, slots=2)
    yield made
    asyncio.run(made.close())


def skip_without(name: str) -> None:
    try:
        languages.resolve(name)
    except UsageError as error:
        pytest.skip(str(error))


async def run(
    sandbox: Sandbox, name: str, code: object, *tests: Test, limits: Limits = QUICK, stdin: str = ""
) -> Run:
    skip_without(name)
    job = Job(code=str(code), language=name, tests=tests, limits=limits, stdin=stdin)
    [found] = await sandbox.run([job])
    return found


def having(part: str) -> pytest.MarkDecorator:
    names = [name for name in EVERY if part in PROGRAMS[name]]
    return pytest.mark.parametrize("name", names)


@having("hello")
async def test_input_and_output(sandbox: Sandbox, name: str) -> None:
    """Defect: a right program that fails, or a wrong one that passes, in any language."""
    program = PROGRAMS[name]
    given = str(program.get("hello_stdin", "bob\n"))
    right = Io(id="right", stdin=given, expected="hi bob\n")
    wrong = Io(id="wrong", stdin=given, expected="hi eve\n")
    found = await run(sandbox, name, program["hello"], right, wrong)
    assert [verdict.outcome for verdict in found.verdicts] == ["passed", "wrong"], found
    assert found.verdicts[1].detail.actual == repr("hi bob\n")
    assert found.judging == "isolated"


@having("fails")
async def test_a_failure_has_evidence(sandbox: Sandbox, name: str) -> None:
    """Defect: a program that fails while it runs, without its exception, signal or line."""
    exception, line = PROGRAMS[name]["fails_with"]
    found = await run(sandbox, name, PROGRAMS[name]["fails"])
    assert found.outcome in ("raised", "killed"), found
    assert found.detail.message
    assert exception in (found.detail.exception, found.detail.signal), found.detail
    assert found.detail.line == line, found


@having("broken")
async def test_a_build_error_names_its_place(sandbox: Sandbox, name: str) -> None:
    """Defect: code that is not well-formed counts as run, or is not told where."""
    line, has_column = PROGRAMS[name]["broken_at"]
    found = await run(sandbox, name, PROGRAMS[name]["broken"])
    assert found.outcome == "build_failed", found
    first = found.diagnostics[0]
    assert first.line == line, found
    assert first.message
    assert (first.column is not None) == has_column, found
    assert found.detail.source


@having("loop")
async def test_an_endless_loop(sandbox: Sandbox, name: str) -> None:
    """Defect: a loop that is noticed late, or not at all."""
    found = await run(sandbox, name, PROGRAMS[name]["loop"])
    assert found.outcome == "timeout", found
    assert found.detail.limit == "1 s of CPU"
    assert found.cpu_seconds < 1.5


@having("hog")
async def test_a_memory_hog(sandbox: Sandbox, name: str) -> None:
    """Defect: memory without a limit, or a limit that is reported as something else."""
    found = await run(
        sandbox, name, PROGRAMS[name]["hog"], limits=Limits(memory_mb=256, wall_seconds=10)
    )
    assert found.outcome in ("memory", "killed"), found
    if sandbox.isolation.filesystem and os.geteuid() == 0:  # others have no cgroup everywhere
        assert found.outcome == "memory", found


@having("flood")
async def test_a_flood_of_output(sandbox: Sandbox, name: str) -> None:
    """Defect: output without end fills this process, or is waited for."""
    found = await run(sandbox, name, PROGRAMS[name]["flood"], limits=Limits(cpu_seconds=3))
    assert found.outcome == "output", found
    assert len(found.stdout) <= 65_536


def sleepers() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"31337" in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
        except OSError:
            continue
    return found


@having("daemon")
async def test_what_it_leaves_behind_is_ended(sandbox: Sandbox, name: str) -> None:
    """Defect: a process that outlives the run."""
    found = await run(sandbox, name, PROGRAMS[name]["daemon"])
    assert "left" in found.stdout, found
    assert sleepers() == []


@having("network")
async def test_no_network(isolated: Sandbox, name: str) -> None:
    """Defect: a candidate reaches a server on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        code = str(PROGRAMS[name]["network"]).replace("{port}", str(server.getsockname()[1]))
        found = await run(isolated, name, code)
        assert "ESCAPED" not in found.stdout, found
        assert found.outcome != "build_failed", found
        with pytest.raises(TimeoutError):
            server.accept()


@having("secret")
async def test_no_file_of_the_user(isolated: Sandbox, name: str, tmp_path: Path) -> None:
    """Defect: a candidate reads a file that is none of its business."""
    secret = tmp_path / "secret"
    secret.write_text("CANARY-8841")
    code = str(PROGRAMS[name]["secret"]).replace("{secret}", str(secret))
    found = await run(isolated, name, code)
    assert found.outcome != "build_failed", found
    assert "CANARY-8841" not in found.stdout + found.stderr
    assert "ESCAPED" not in found.stdout


async def test_a_home_is_not_shown_with_its_toolchain(isolated: Sandbox) -> None:
    """Defect: to show a compiler that lies in a home, the whole home is shown."""
    for name in EVERY:
        if languages.toolchain(name) is None:
            continue
        for folder in languages.resolve(name)[1].folders:
            assert not Path.home().is_relative_to(folder), (name, folder)
    for name in ("python3.12", "python3.13"):
        if languages.toolchain(name) is not None:
            code = f"import os\nprint(os.listdir({str(Path.home())!r}))\n"
            found = await run(isolated, name, code)
            assert found.stdout in ("", "['.pyenv']\n", "['.local']\n"), found


# -- builds that attack ------------------------------------------------------------------------


@pytest.mark.skipif(not attacks("program"), reason=f"no attacks at {FILE}")
@pytest.mark.parametrize(
    "attack",
    [row for row in attacks("program") if row["language"] != "python"],
    ids=lambda row: str(row["name"]),
)
async def test_contained(isolated: Sandbox, attack: dict[str, Any], tmp_path: Path) -> None:
    """Defect: whatever the attack's `tries` names."""
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / "id_canary").write_text("CANARY-8812")
    check = attack["check"]
    limits = Limits(cpu_seconds=2.0, wall_seconds=2.0, memory_mb=256)
    code = attack["code"].replace("{outside}", str(tmp_path))
    start = time.monotonic()
    found = await run(isolated, attack["language"], code, limits=limits)
    most = check.get("max_wall", 10.0)
    assert (found.cpu_seconds or 0.0) < most, found
    assert time.monotonic() - start < 3 * most, found  # other processes may have the processors
    for text in check.get("stdout_lacks", []):
        assert text not in found.stdout
    assert "CANARY-8812" not in found.stdout + found.stderr
    if check.get("compile_fails"):
        assert found.outcome == "build_failed"
    if "status" in check:
        assert found.detail.signal == "SIGSEGV"
    assert (tmp_path / "victim").read_text() == "untouched"
    for path in check.get("host_absent", []):
        assert not Path(path.replace("{outside}", str(tmp_path))).exists()
    after = await run(isolated, "bash", "echo next\n")
    assert after.stdout == "next\n"


@pytest.mark.parametrize(
    "left",
    [
        "ln -s /etc/passwd program",
        "mkfifo program",
        "mkdir -p program/a; ln -s /etc/passwd program/a/b",
        "mkdir program; for i in $(seq 600); do echo > program/f$i; done",
        "mkdir program; echo > 'program/a b'",
        "truncate -s 70M program",
        "truncate -s 500M program",
        "echo",
    ],
)
async def test_a_hostile_result_is_refused(
    isolated: Sandbox, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: a link, a pipe or a huge file that a build leaves is followed, opened or kept."""
    skip_without("bash")
    hostile = _bash_that_builds(left)
    monkeypatch.setitem(languages.LANGUAGES, "bash", hostile)
    found = await run(isolated, "bash", f"echo {left!r}\n")
    assert found.outcome == "build_failed", found
    assert "root:" not in found.stdout + found.stderr


def _bash_that_builds(words: str) -> languages.Language:
    from dataclasses import replace

    def build(tools: languages.Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
        return (tools.programs[0], "-c", words)

    return replace(languages.LANGUAGES["bash"], build=build, artefact="program")


def test_an_index_is_not_believed() -> None:
    """Defect: a name in a sandbox's answer leads out of the folder, or sizes do not add up."""
    fd = os.memfd_create("test")
    try:
        index = pack.write(fd, {"a/b": b"12", "c$1.class": b"3"})
        assert pack.read(fd, index) == {"a/b": b"12", "c$1.class": b"3"}
        for bad in (
            [["../a", 3]],
            [["/a", 3]],
            [["a", 2]],
            [["a", -1], ["b", 4]],
            [["a", 3.0]],
            [[".bashrc", 3]],
            "x",
            [["a", 3, 1]],
        ):
            with pytest.raises(pack.Refused):
                pack.read(fd, bad)
    finally:
        os.close(fd)


async def test_a_result_is_built_once(sandbox: Sandbox) -> None:
    """Defect: the same source is compiled again and again, or a changed one is not."""
    code = f'#include <stdio.h>\nint main(void) {{ puts("{sandbox.isolation.tier}"); }}\n'
    first = await run(sandbox, "c", code)
    start = time.monotonic()
    second = await run(sandbox, "c", code)
    quick = time.monotonic() - start
    other = await run(sandbox, "c", code.replace("puts", 'puts("other");puts'))
    assert (first.stdout, second.stdout) == (f"{sandbox.isolation.tier}\n",) * 2
    assert other.stdout.startswith("other")
    assert quick < first.wall_seconds


def test_the_cache_is_bounded() -> None:
    """Defect: results fill the memory of this process."""
    cache = Cache(limit=10_000)
    for number in range(20):
        cache.put(str(number), {"x": bytes(2000)})
    assert cache.get("0") is None
    assert cache.get("19") == {"x": bytes(2000)}
    assert size_of({"x": bytes(2000)}) == 3000
    assert key_of("ab", "c") != key_of("a", "bc")
    assert CACHE is not cache


async def test_the_compiler_has_limits(isolated: Sandbox) -> None:
    """Defect: a source that makes its compiler run for ever, or eat all memory."""
    code = "template<int N> struct F { F<N-1> a; F<N-2> b; static const int v = F<N-1>::v; };\n"
    bomb = "#define A(x) x x x x x x x x x x\nint main() { A(A(A(A(A(A(A(A(;)))))))) }\n"
    for text in (bomb, code + "int main() { return F<900>::v; }\n"):
        start = time.monotonic()
        found = await run(isolated, "cpp", text)
        assert found.outcome == "build_failed", found.outcome
        assert time.monotonic() - start < 45


# -- what is asked for -------------------------------------------------------------------------


async def test_unknown_and_missing(isolated: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: a language that cannot be run counts as a failure of the candidate."""
    with pytest.raises(UnknownName, match="cobol"):
        await isolated.run([Job(code="", language="cobol")])
    monkeypatch.setenv("PATH", "/nowhere")
    languages.toolchain.cache_clear()
    try:
        with pytest.raises(UsageError, match="install"):
            await isolated.run([Job(code="", language="rust")])
    finally:
        languages.toolchain.cache_clear()


async def test_calls_need_a_driver(isolated: Sandbox) -> None:
    """Defect: a test that cannot be run in a language is taken for a wrong answer."""
    with pytest.raises(UsageError, match="javascript"):
        await run(isolated, "bash", "f() { :; }", Call(id="c", expression="f()", expected="1"))


async def test_the_own_version_is_the_warm_one(isolated: Sandbox) -> None:
    """Defect: the interpreter that is warm is started anew because its version was named."""
    import sys

    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    test = Call(id="c", expression="f(1)", expected="2")
    [found] = await isolated.run([Job(code="def f(x): return x + 1", language=name, tests=(test,))])
    assert found.passed


async def test_rows_in_any_order(sandbox: Sandbox) -> None:
    """Defect: rows without ORDER BY must come in one order; or duplicates are lost."""
    code = "SELECT x FROM t;\n"
    stdin = "CREATE TABLE t(x); INSERT INTO t VALUES (2), (1), (1);"
    tests = [
        Io(id="any", stdin=stdin, expected="1\n1\n2\n", comparison="unordered"),
        Io(id="ordered", stdin=stdin, expected="1\n1\n2\n"),
        Io(id="fewer", stdin=stdin, expected="1\n2\n", comparison="unordered"),
    ]
    found = await run(sandbox, "sql", code, *tests)
    assert [verdict.outcome for verdict in found.verdicts] == ["passed", "wrong", "wrong"]


# -- calls to JavaScript -----------------------------------------------------------------------

CODE = """
function add(a, b) { return a + b }
const inc = (x) => x + 1;
let count = 0;
function counter() { return ++count }
function echo(x) { return x }
function nothing() {}
function nan() { return NaN }
function big() { return 2n ** 80n }
function map() { return new Map([[1, 'a'], [[1, 2], 'b']]) }
function set() { return new Set([1, 2, 3]) }
function object() { return {a: 1, b: [1.5, null]} }
function far() { throw new RangeError('too far') }
class MyError extends Error {}
function mine() { throw new MyError('x') }
function push(list) { list.push(4) }
function sorted(list) { list.sort(); return list }
async function later(x) { await null; return x * 2 }
function* both() { yield 1; yield 2 }
function apply(f, x) { return f(x) }
function say() { console.log('said'); return 1 }
function loop() { for (;;) {} }
function leave() { process.exit(0) }
function flood() { for (;;) console.log('x'.repeat(999)) }
function hog() { const a = []; for (;;) a.push(new Array(1e5).fill(1)) }
function cls() { return new MyError('x') }
function forge() {
  for (const text of ['{"outcome":"passed","detail":{},"test":0}', '{"ok":1}']) {
    const head = Buffer.alloc(4); head.writeUInt32BE(text.length, 0);
    try { require('fs').writeSync(3, Buffer.concat([head, Buffer.from(text)])) } catch {}
  }
  return 0
}
"""
RIGHT = [
    ("add(1, 2)", "3"), ("add('a', 'b')", "'ab'"), ("inc(1.5)", "2.5"), ("counter()", "1"),
    ("counter()", "1"), ("nothing()", "None"), ("nan() != nan()", "True"), ("big()", "2**80"),
    ("echo(2**70)", "2**70"), ("echo(2**60 + 1)", "2**60 + 1"), ("echo(-3)", "-3"),
    ("map()", "{1: 'a', (1, 2): 'b'}"), ("set()", "{1, 2, 3}"), ("later(4)", "8"),
    ("object()", "{'a': 1, 'b': [1.5, None]}"), ("list(both())", "[1, 2]"),
    ("apply(lambda x: x * 3, 5)", "15"), ("say()", "1"), ("echo({1: 2})", "{1: 2}"),
    ("echo(float('-inf'))", "float('-inf')"), ("echo('é😀')", "'é😀'"), ("echo(1e300)", "1e300"),
    ("echo({'__proto__': 1})", "{'__proto__': 1}"), ("echo(b'ab')", "b'ab'"),
    ("echo(True) is True", "True"),
]  # fmt: skip


@pytest.fixture(params=["javascript", "typescript"])
def script(request: pytest.FixtureRequest) -> str:
    skip_without(request.param)
    return str(request.param)


async def test_calls_cross_as_plain_values(sandbox: Sandbox, script: str) -> None:
    """Defect: a value that changes on its way, or a test that sees what another left."""
    tests: list[Test] = [
        Call(id=f"{number}", expression=text, expected=value)
        for number, (text, value) in enumerate(RIGHT)
    ]
    tests += [
        Call(id="near", expression="add(0.1, 0.2)", expected="0.3", tolerance=1e-9),
        Call(id="floats", expression="echo([0.5] * 100)", expected="[0.5] * 100"),
        Call(id="raises", expression="far()", expected=None, raises="RangeError"),
        Call(id="own", expression="mine()", expected=None, raises="MyError"),
        Call(id="base", expression="mine()", expected=None, raises="Error"),
        Script(
            id="changed",
            source="def check(push):\n    x = [1]\n    push(x)\n    assert x == [1, 4]\n",
            call="check(push)",
        ),
        Script(
            id="tuples",
            source="def check(push):\n    x = [(1, (2,))]\n    push(x)\n"
            "    assert x == [(1, (2,)), 4]\n",
            call="check(push)",
        ),
        Script(
            id="same",
            source="def check(f):\n    x = [3, 1]\n    assert f(x) is x and x == [1, 3]\n",
            call="check(sorted)",
        ),
    ]
    found = await run(sandbox, script, CODE, *tests)
    bad = [verdict for verdict in found.verdicts if verdict.outcome != "passed"]
    assert not bad, bad
    assert found.judging == "isolated"


async def test_calls_that_fail(isolated: Sandbox, script: str) -> None:
    """Defect: a call that fails without its reason, or that hides the calls after it."""
    wanted = {
        "add(1, 2)": "wrong", "far()": "raised", "loop()": "timeout", "leave()": "raised",
        "flood()": "output", "hog()": "memory", "cls()": "wrong", "missing()": "raised",
        "echo(1)": "passed", "forge()": "wrong",
    }  # fmt: skip
    tests = [Call(id=text, expression=text, expected="1") for text in wanted]
    found = await run(isolated, script, CODE, *tests)
    outcomes = {verdict.test: verdict.outcome for verdict in found.verdicts}
    # An answer too many is an answer, or the end of the line if it comes in one read with it.
    assert outcomes | {"forge()": "wrong"} == wanted, found.verdicts
    assert outcomes["forge()"] in ("wrong", "raised")
    far = found.verdicts[1].detail
    assert (far.exception, far.message, far.line) == ("RangeError", "too far", 13)


async def test_each_call_has_its_own_time(isolated: Sandbox, script: str) -> None:
    """Defect: calls that share a driver share its CPU time, so that the last ones time out."""
    code = "function used() { const u = process.cpuUsage(); return u.user + u.system }\n"
    code += "function f(x) { const end = used() + 4e5; while (used() < end) {} return x }\n"
    tests = [Call(id=str(i), expression=f"f({i})", expected=str(i)) for i in range(4)]
    found = await run(isolated, script, code, *tests)
    assert found.passed, found


@pytest.mark.parametrize(
    ("code", "outcome", "line"),
    [
        ("function f( {", "build_failed", 1),
        ("let x = 1;\nlet y = {a: 1,,};\nfunction f() {}", "build_failed", 2),
        ("\nthrow new TypeError('at load')", "raised", 2),
        ("for (;;) {}", "timeout", None),
        ("process.exit(0)", "raised", None),
        ("process.kill(process.pid, 'SIGKILL')", "killed", None),
        ("require('fs').writeSync(3, '\\0\\0\\0\\x10{\"setup\":\"hack\"}')", "raised", None),
        ("export function f() { return 1 }", "passed", None),
        ("import fs from 'fs';\nexport const f = () => 1", "passed", None),
        ("module.exports = {f: () => 1}", "passed", None),
        ("exports.f = () => 1 // last", "passed", None),
    ],
)
async def test_loading(isolated: Sandbox, code: str, outcome: str, line: int | None) -> None:
    """Defect: a candidate that does not load, or exports its own way, is misjudged."""
    test = Call(id="f", expression="f()", expected="1")
    found = await run(isolated, "javascript", code, test)
    assert found.outcome == outcome, found
    assert found.detail.line == line, found


async def test_expected_values_stay_away(isolated: Sandbox) -> None:
    """Defect: the value that a test asks for can be found in the candidate's process."""
    code = (
        "const fs = require('fs');\n"
        "function f() {\n"
        "  let found = JSON.stringify([process.argv, process.env, Object.keys(globalThis)]);\n"
        "  for (const name of fs.readdirSync('.')) found += fs.readFileSync(name);\n"
        "  for (const line of fs.readFileSync('/proc/self/maps', 'latin1').split('\\n')) {\n"
        "    const [range, mode] = line.split(' ');\n"
        "    if (!mode || !mode.startsWith('rw')) continue;\n"
        "    const [start, end] = range.split('-').map((x) => parseInt(x, 16));\n"
        "    if (end - start > 16 << 20) continue;\n"
        "    const memory = fs.openSync('/proc/self/mem'), data = Buffer.alloc(end - start);\n"
        "    try { fs.readSync(memory, data, 0, end - start, start) } catch {}\n"
        "    fs.closeSync(memory);\n"
        "    if (/73[5]731/.test(data.toString('latin1'))) return 'memory';\n"
        "  }\n"
        "  return /73[5]731/.test(found);\n"
        "}\n"
    )
    test = Call(id="secret-735731", expression="f()", expected="735731")
    found = await run(isolated, "javascript", code, test, limits=Limits())
    assert found.verdicts[0].detail.actual == "False", found


def test_probe_is_quick() -> None:
    """Defect: `assay doctor` waits for every toolchain in turn."""
    languages.toolchain.cache_clear()
    start = time.monotonic()
    rows = languages.available()
    assert time.monotonic() - start < 2.0
    assert [name for name, _, _ in rows] == list(languages.LANGUAGES)
    assert all(text for _, _, text in rows)


def test_two_workers_build_at_once(isolated: Sandbox) -> None:
    """Defect: builds on two workers disturb one another."""
    skip_without("c")
    codes = [f'#include <stdio.h>\nint main(void) {{ puts("{n}"); }}\n' for n in range(6)]
    jobs = [Job(code=code, language="c") for code in codes]
    found = asyncio.run(isolated.run(jobs))
    assert [run.stdout for run in found] == [f"{n}\n" for n in range(6)]


@pytest.mark.parametrize("export", ["", "export "], ids=["script", "module"])
async def test_an_error_in_a_javascript_call_has_its_line(namespaced: Sandbox, export: str) -> None:
    """Defect: the evidence of a failed call has no text of the line, or no line in a module."""
    if languages.toolchain("javascript") is None:
        pytest.skip("no node here")
    code = f"{export}function f(n) {{\n  const x = null;\n  return x.y;\n}}\n"
    test = Call(id="c", expression="f(1)", expected="1")
    [run] = await namespaced.run([Job(code=code, tests=(test,), language="javascript")])
    detail = run.verdicts[0].detail
    assert (detail.exception, detail.line, detail.source) == ("TypeError", 3, "return x.y;")


def test_a_toolchain_below_the_temporary_folder(
    namespaced: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: each run's own empty /tmp hides a compiler that is installed below /tmp, or shows
    it so that a program can change it or leave something in it for the next."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        program = Path(folder, "bin", "sh")
        program.parent.mkdir()
        shutil.copy("/bin/sh", program)
        Path(folder).chmod(0o755)
        folders = (str(program), folder, str(program.parent))  # one inside the other
        tools = Toolchain(version="1", programs=(str(program),), folders=folders)
        monkeypatch.setattr("assay.sandbox.languages.toolchain", lambda name: tools)
        tries = f"echo x > {folder}/new; rm -f {program}; mv {folder} /tmp/other; echo x > left"
        shown = f"ls {folder} /tmp; readlink /proc/$$/exe"
        for _ in range(2):
            [run] = asyncio.run(
                namespaced.run([Job(code=f"{tries}\n{shown}\n", language="bash", tests=())])
            )
            name = Path(folder).name
            assert run.stdout == f"/tmp:\nleft\nmain.sh\n{name}\n\n{folder}:\nbin\n{program}\n"
        assert not Path(folder, "new").exists()
