"""`assay run`: the verdict and its evidence, for a person and as JSON."""

import json
import os
import re
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from cli_tools import ASSAY, Shell, Terminal

PROGRAM = "import sys\nprint(sys.stdin.read()[::-1])\nprint('e', file=sys.stderr)\n"
ADD = "def f(x):\n    print('called')\n    return 10 // x\n"
TESTS = "assert f(5) == 2\nassert f(2) == 4\nassert f(0) == 1\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def as_json(shell: Shell, *arguments: str, code: int = 0, stdin: str = "") -> dict[str, Any]:
    done = shell.run("run", "--json", *arguments, stdin=stdin).answered(code)
    [row] = done.rows
    return row


def test_json_is_the_object_of_the_design(shell: Shell) -> None:
    """Defect: a key that others read is missing, or of another type."""
    shell.file("p.py", PROGRAM)
    shell.file("in", "abc")
    row = as_json(shell, "p.py", "--stdin", "in")
    assert (row["outcome"], row["verdicts"], row["judging"]) == ("passed", [], "isolated")
    assert (row["stdout"], row["stderr"]) == ("cba\n", "e\n")
    assert row["isolation"]["tier"] == "namespaces"
    assert all(row["isolation"][k] is True for k in ("filesystem", "network", "processes"))
    assert isinstance(row["isolation"]["memory"], bool)
    assert 0 < row["cpu_seconds"] < 5
    assert 0 < row["wall_seconds"] < 15
    assert 0 < row["peak_bytes"] < 50 << 20
    assert (row["exit_status"], row["signal"], row["flaky"]) == (0, None, False)


def test_json_of_tests(shell: Shell) -> None:
    """Defect: a test without its outcome and evidence, or exit status 0 for a failure."""
    shell.file("f.py", ADD)
    shell.file("t.py", TESTS)
    row = as_json(shell, "f.py", "--tests", "t.py", code=3)
    found = {v["test"]: (v["outcome"], v["detail"]) for v in row["verdicts"]}
    assert [outcome for outcome, _ in found.values()] == ["passed", "wrong", "raised"]
    wrong, raised = found["line 2"][1], found["line 3"][1]
    assert (wrong["call"], wrong["expected"], wrong["actual"]) == ("f(2)", "4", "5")
    assert (raised["exception"], raised["line"], raised["column"]) == ("ZeroDivisionError", 3, 8)
    assert raised["stdout"] == "called\n"
    assert row["outcome"] == "wrong"


def test_flags_reach_the_sandbox(shell: Shell) -> None:
    """Defect: a flag that nothing reads."""
    shell.file("p.py", "while True: pass\n")
    assert as_json(shell, "p.py", "--time", "0.5", code=3)["detail"]["limit"] == "0.5 s of CPU"
    shell.file("p.py", "x = bytearray(200 << 20)\n")
    assert as_json(shell, "p.py")["outcome"] == "passed"
    row = as_json(shell, "p.py", "--memory", "100", code=3)
    assert (row["outcome"], row["detail"]["limit"]) == ("memory", "100 MB of memory")
    shell.file("p.py", "print('x' * 999)\n")
    row = as_json(shell, "p.py", "--output", "100", code=3)
    assert (row["outcome"], len(row["stdout"])) == ("output", 100)
    shell.file("p.py", "open('/tmp/x', 'w').write('x' * (3 << 20))\n")
    assert as_json(shell, "p.py")["outcome"] == "passed"
    assert as_json(shell, "p.py", "--disk", "2", code=3)["outcome"] != "passed"
    shell.file("p.py", "import os, time\nfor i in range(9):\n    if not os.fork(): time.sleep(9)\n")
    assert as_json(shell, "p.py")["outcome"] == "passed"
    assert as_json(shell, "p.py", "--processes", "3", code=3)["outcome"] != "passed"
    limits = as_json(shell, "p.py", "--time", "2")["limits"]
    assert (limits["cpu_seconds"], limits["wall_seconds"]) == (2, 6)


def test_flags_from_environment_and_file(shell: Shell) -> None:
    """Defect: a limit of the environment or of a config file that is not taken."""
    shell.file("p.py", "print('x' * 99)\n")
    assert shell.run("run", "p.py", ASSAY_OUTPUT="10").code == 3
    shell.file("c.toml", "[run]\noutput = 10\n")
    assert shell.run("run", "p.py", "--config", "c.toml").code == 3
    assert shell.run("run", "p.py", "--config", "c.toml", "--output", "1000").code == 0


def test_standard_input(shell: Shell) -> None:
    """Defect: FILE `-` or `--stdin -` reads nothing, or loses bytes that are no text."""
    assert as_json(shell, "-", stdin="print(6 * 7)")["stdout"] == "42\n"
    shell.file("p.py", "import sys\nprint(sys.stdin.buffer.read())\n")
    done = subprocess.run(
        [ASSAY, "run", "p.py", "--stdin", "-", "--json"],
        cwd=shell.folder,
        env=shell.env,
        input=b"a\xff\x00b",
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["stdout"] == "b'a\\xff\\x00b'\n"


def test_tests_of_a_whole_program(shell: Shell) -> None:
    """Defect: lines of stdin and expected output are not read as tests."""
    shell.file("p.py", "a, b = map(int, input().split())\nprint(a + b)\n")
    rows = [{"stdin": "1 2", "expected": "3\n"}, {"stdin": "2 2", "expected": "5", "id": "bad"}]
    rows += [{"stdin": "1", "expected": "1"}]
    shell.file("t.jsonl", "\n".join(map(json.dumps, rows)))
    row = as_json(shell, "p.py", "--tests", "t.jsonl", code=3)
    found = [(v["test"], v["outcome"]) for v in row["verdicts"]]
    assert found == [("test:1", "passed"), ("bad", "wrong"), ("test:3", "raised")]
    assert row["verdicts"][1]["detail"]["actual"] == "'4\\n'"


def test_tests_of_other_kinds(shell: Shell) -> None:
    """Defect: an assert in JSONL, a typed row, pytest or unittest that is not judged."""
    shell.file("f.py", ADD)
    typed = {"kind": "call", "id": "raises", "expression": "f(0)", "raises": "ZeroDivisionError"}
    shell.file("t.jsonl", json.dumps("assert f(5) == 2") + "\n" + json.dumps(typed) + "\n")
    assert shell.run("run", "f.py", "--tests", "t.jsonl").code == 0
    shell.file("t.py", "from f import f\ndef test_f():\n    assert f(5) == 2\n")
    assert shell.run("run", "f.py", "--tests", "t.py").code == 0
    shell.file("p.jsonl", json.dumps({"id": "a", "prompt": "p", "tests": ["assert f(5) == 3"]}))
    assert shell.run("run", "f.py", "--tests", "p.jsonl").code == 3


def test_for_a_person(shell: Shell) -> None:
    """Defect: the verdict is not the first line, or evidence is missing; results on stderr."""
    shell.file("f.py", ADD)
    shell.file("t.py", TESTS)
    done = shell.run("run", "f.py", "--tests", "t.py").answered(3)
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[0] == "✗ wrong: 1 of 3 tests passed"
    assert lines[1] == "✓ line 1  passed"
    caret = lines.index("    line 3: return 10 // x")
    assert lines[caret + 1].index("^") == lines[caret].index("10 // x")
    for text in ("expected  4", "actual    5", "ZeroDivisionError: integer division", "printed"):
        assert text in done.out
    assert "isolation  namespaces (filesystem, network, processes" in done.out
    assert "\x1b" not in done.out
    assert re.search(r"used       \d\.\d\d s CPU, \d\.\d\d s wall, \d+\.\d MB", done.out)


REASONS = {
    "x = 1": "✓ passed: ended by itself with status 0",
    "raise SystemExit(7)": "✗ raised: ended with status 7",
    "{}['k']": "✗ raised: KeyError: 'k'",
    "while True: pass": "✗ timeout: did not end within 0.5 s of CPU",
    "x = bytearray(300 << 20)": "✗ memory: more than 256 MB of memory",
    "print('x' * 200_000)": "✗ output: more than 65536 bytes of output",
    "import os; os.kill(os.getpid(), 11)": "✗ killed: died by SIGSEGV",
    "open('/usr/x', 'w')": "✗ denied: the sandbox refused it: EROFS on '/usr/x'",
    "x = = 1": "✗ build_failed: SyntaxError: invalid syntax",
}


@pytest.mark.parametrize("code", REASONS)
def test_the_first_line(shell: Shell, code: str) -> None:
    """Defect: a person has to search for the reason."""
    shell.file("p.py", code)
    done = shell.run("run", "p.py", "--time", "0.5", "--memory", "256")
    assert done.out.splitlines()[0] == REASONS[code]
    assert done.code == (0 if code == "x = 1" else 3)


HOSTILE = r"""
import os, sys
os.write(1, b"\x1b]0;owned\x07\x1b[2J\x1b[31mred\r\x9b\xff\xfe\xc2\x9b5m\xe2\x80\xae\n")
os.write(1, b" " * 76 + "✓ passed: 9 of 9 tests passed\n".encode())
os.write(1, b"x" * 20_000 + b"\n")
os.write(2, b"\x1b[?1049h\x1bc\n")
raise ValueError("\x1b[2J\u202e\nisolation  none")
"""


def test_hostile_output(shell: Shell) -> None:
    """Defect: a program writes to the user's terminal: escapes, carriage returns, text that runs
    backwards, or a line that looks like one of ours."""
    shell.file("p.py", HOSTILE)
    raw = subprocess.run(
        [ASSAY, "run", "p.py"], cwd=shell.folder, env=shell.env, capture_output=True, check=False
    )
    text = raw.stdout.decode("utf-8")
    bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")]
    assert not bad
    assert "\\x1b]0;owned\\x07" in text
    assert "\\x9b\\xff\\xfe\\x9b5m\\u202e" in text
    assert not [line for line in text.splitlines()[1:] if line.startswith(("✓", "isolation  none"))]
    assert len(text) < 12_000


def test_hostile_output_on_a_terminal(shell: Shell) -> None:
    """Defect: as above, where lines are broken at 80 columns."""
    shell.file("p.py", HOSTILE)
    terminal = Terminal(shell, "run", "p.py")
    code, text = terminal.end()
    assert code == 3
    shown = terminal.shown.decode()
    codes = set(re.findall(r"\x1b\[[^a-zA-Z]*[a-zA-Z]|\x1b.", shown))
    assert all(re.fullmatch(r"\x1b\[[\d;]*m|\x1b\[\?25[hl]|\x1b\[2K|\x1b\[1A", c) for c in codes)
    rows = text.splitlines()
    first = next(at for at, row in enumerate(rows) if row.startswith("✗ raised: ValueError"))
    assert not [row for row in rows[first + 1 :] if row.startswith(("✓", "isolation  none"))]
    assert max(map(len, rows[first + 1 :])) <= 80


def test_colours_and_none(shell: Shell) -> None:
    """Defect: NO_COLOR is not honoured, or a terminal gets no colour."""
    shell.file("p.py", "x = 1")
    coloured, plain = Terminal(shell, "run", "p.py"), Terminal(shell, "run", "p.py", NO_COLOR="1")
    coloured.end()
    plain.end()
    assert re.search(rb"\x1b\[1;32m.*passed", coloured.shown)
    assert not re.search(rb"\x1b\[[\d;]*3\dm", plain.shown)


def test_unsafe_says_so_in_red(shell: Shell) -> None:
    """Defect: a run without isolation looks like any other."""
    shell.file("p.py", "x = 1")
    terminal = Terminal(shell, "run", "p.py", "--unsafe")
    code, text = terminal.end()
    assert code == 0
    assert "UNSAFE: none; it ran with your rights" in text
    assert re.search(rb"\x1b\[1;31m[^\x1b]*UNSAFE: none", terminal.shown)
    row = as_json(shell, "p.py", "--unsafe")
    assert (row["isolation"]["tier"], row["isolation"]["filesystem"]) == ("unsafe", False)


def test_flaky(shell: Shell) -> None:
    """Defect: an outcome by chance is given as a fact."""
    shell.file("p.py", "import os\nassert os.urandom(1)[0] < 64\n")
    for _ in range(20):  # a first run that passes leaves nothing to be run again
        done = shell.run("run", "p.py", "--repeat", "60", "--json")
        if done.code == 3:
            break
    assert (done.code, done.rows[0]["flaky"]) == (3, True)
    shell.file("p.py", "1 / 0\n")
    assert not as_json(shell, "p.py", "--repeat", "3", code=3)["flaky"]


def test_a_reader_that_goes_away(shell: Shell) -> None:
    """Defect: a traceback where the output is piped to `head`."""
    shell.file("p.py", "for i in range(3000): print(i)\n")
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [ASSAY, "run", "p.py"],
        cwd=shell.folder,
        env=shell.env,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert "Traceback" not in process.stderr
