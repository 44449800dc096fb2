"""Tests of the kind `command`, in every tier that starts programs, and through the real CLI."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assay.errors import ProblemError, UsageError
from assay.feedback.tests import explain
from assay.problem import Call, Command, Limits, Problem, testrows
from assay.sandbox import Job, Sandbox, Verdict, languages
from served import MAIN

CODE = "import sys\nprint(sys.argv[1:], open('data.txt').read(), input())\n"
DATA = (("data.txt", "seen"), ("sub/more.txt", ""))


def command(*argv: str, **more: object) -> Command:
    return Command(id="t", argv=argv, **more)  # type: ignore[arg-type]


async def verdict_of(sandbox: Sandbox, test: Command, code: str = CODE, **more: object) -> Verdict:
    """Skips the tiers that start no programs, once they refused by name."""
    job = Job(code=code, tests=(test,), **more)  # type: ignore[arg-type]
    if "landlock" in (sandbox.isolation.tier, sandbox.isolation.far):
        with pytest.raises(UsageError, match="user namespaces"):
            await sandbox.run([job])
        pytest.skip("this tier starts no programs")
    [run] = await sandbox.run([job])
    return run.verdicts[0]


async def test_arguments_files_and_input_arrive(sandbox: Sandbox) -> None:
    """Defect: a shell reads the words, a file or the input is not there."""
    words = ("a b", "$HOME", "*")
    expected = f"{list(words)} seen in\n"
    test = command("python", "main.py", *words, files=DATA, stdin="in\n", expected=expected)
    found = await verdict_of(sandbox, test)
    assert found.outcome == "passed", found
    assert found.detail.exit_status == 0


@pytest.mark.parametrize(
    ("code", "more", "outcome", "shown"),
    [
        ("print(2)", {"expected": "1\n"}, "wrong", "'2\\n'"),
        ("print(1)", {"status": 3}, "wrong", "exit status 0"),
        ("raise SystemExit(3)", {"status": 3}, "passed", None),
        ("print(1)\nraise SystemExit(3)", {"status": 3, "expected": "2"}, "wrong", "'1\\n'"),
        ("raise SystemExit(3)", {"status": 4}, "raised", "exit status 3"),
        ("x = 1 / 0", {}, "raised", "exit status 1"),
        ("while True: pass", {}, "timeout", None),
        ("import os\nos.abort()", {"status": -6}, "killed", None),
        ("while True: print('x' * 99)", {}, "output", None),
    ],
)
async def test_status_and_output_decide(
    sandbox: Sandbox, code: str, more: dict[str, object], outcome: str, shown: str | None
) -> None:
    """Defect: a status that was not asked for passes, or a limit is taken for a status."""
    test = command("python", "main.py", **more)
    found = await verdict_of(sandbox, test, code, limits=Limits(cpu_seconds=0.5, wall_seconds=5))
    assert (found.outcome, found.detail.actual) == (outcome, shown), found


async def test_evidence_names_the_line_and_the_command(sandbox: Sandbox) -> None:
    """Defect: what a model is told of a failed command holds neither."""
    test = command("python", "main.py", "--all")
    found = await verdict_of(sandbox, test, "x = 1\nx.y\n")
    assert (found.detail.exception, found.detail.line) == ("AttributeError", 2)
    assert found.detail.call == "python main.py --all"


async def test_test_code_beside_the_program_is_marked(sandbox: Sandbox) -> None:
    """Defect: a program that ends the process of the test code passes, and reads `isolated`."""
    tests = (("check.py", "import roman\nassert roman.f(1) == 2\n"),)
    test = command("python", "check.py", files=tests, file="roman.py")
    good = await verdict_of(sandbox, test, "def f(n):\n    return n + 1\n")
    bad = await verdict_of(sandbox, test, "def f(n):\n    return n\n")
    forged = await verdict_of(sandbox, test, "import os\nos._exit(0)\n")
    assert [good.outcome, bad.outcome] == ["passed", "raised"]
    assert {good.judging, bad.judging, forged.judging} == {"in-process"}


async def test_only_output_that_nothing_inside_knows_is_isolated(sandbox: Sandbox) -> None:
    """Defect: the mark is on every command, or on none."""
    found = await verdict_of(sandbox, command("python", "main.py", expected="6"), "print(6)")
    assert (found.outcome, found.judging) == ("passed", "isolated")


@pytest.mark.parametrize("argv", [("no-such-program",), ("./data.txt",)])
async def test_a_command_that_cannot_be_started_is_the_tests_fault(
    sandbox: Sandbox, argv: tuple[str, ...]
) -> None:
    """Defect: a program that no machine has is a failure of the candidate, or of the sandbox."""
    found = await verdict_of(sandbox, command(*argv, files=(("data.txt", "\x00"),)))
    assert found.outcome == "skipped"
    assert "the test is broken" in (found.detail.message or "")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "main.py", "", "a\nb"])
async def test_a_file_stays_in_the_folder(namespaced: Sandbox, name: str) -> None:
    """Defect: a name leads out of the folder, or a test's file replaces the program."""
    with pytest.raises(UsageError, match="test t"):
        await verdict_of(namespaced, command("python", "main.py", files=((name, ""),)))


@pytest.mark.parametrize(
    ("language", "code", "argv"),
    [
        ("bash", 'echo "$2"\n', ("bash", "main.sh", "x", "y z")),
        ("c", "#include <stdio.h>\nint main(int n, char **v) { puts(v[2]); }\n",
         ("./program", "x", "y z")),
        ("javascript", "console.log(process.argv[3])\n", ("node", "main.js", "x", "y z")),
    ],
)  # fmt: skip
async def test_other_languages(
    namespaced: Sandbox, language: str, code: str, argv: tuple[str, ...]
) -> None:
    """Defect: only Python is laid out, or a compiled program is not built first."""
    if languages.toolchain(language) is None:
        pytest.skip(f"no {language} here")
    test = command(*argv, expected="y z\n")
    found = await verdict_of(namespaced, test, code, language=language)
    assert found.outcome == "passed", found


CHECK = """import subprocess, sys
import pytest
print(subprocess.run(sys.argv[1:], capture_output=True, text=True).stdout.strip())
"""


@pytest.mark.parametrize(
    ("language", "code", "argv"),
    [
        ("bash", "echo good\n", ("bash", "main.sh")),
        ("javascript", "console.log('good')\n", ("node", "main.js")),
    ],
)
@pytest.mark.parametrize("word", ["python", "python3"])
async def test_python_beside_a_program_in_another_language(
    namespaced: Sandbox, language: str, code: str, argv: tuple[str, ...], word: str
) -> None:
    """Defect: `python3 check.py` is run by the candidate's interpreter, and a right one fails."""
    tools = languages.toolchain(language)
    if tools is None:
        pytest.skip(f"no {language} here")
    words = (word, "check.py", tools.programs[0], *argv[1:])
    test = command(*words, files=(("check.py", CHECK),), expected="good\n")
    found = await verdict_of(namespaced, test, code, language=language)
    assert found.outcome == "passed", found


async def test_pytest_as_a_command(namespaced: Sandbox) -> None:
    """Defect: `python -m pytest`, the usual command of a repository, is not found."""
    files = (("test_it.py", "from main import f\n\ndef test_f():\n    assert f(1) == 2\n"),)
    test = command("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", files=files)
    found = await verdict_of(namespaced, test, "def f(n):\n    return n + 1\n")
    assert found.outcome == "passed", found


async def test_beside_other_kinds(namespaced: Sandbox) -> None:
    """Defect: a command between calls takes another test's verdict."""
    call = Call(id="call", expression="f(1)", expected="2")
    tests = (command("python", "main.py", expected="no"), call)
    [run] = await namespaced.run([Job(code="def f(n):\n    return n + 1\n", tests=tests)])
    assert [v.outcome for v in run.verdicts] == ["wrong", "passed"]


async def test_the_feedback_names_the_command(namespaced: Sandbox) -> None:
    """Defect: a model reads only the id of the test."""
    test = command("python", "main.py", "a b", expected="1\n")
    [run] = await namespaced.run([Job(code="print(2)\n", tests=(test,))])
    told = explain(Problem(id="p", prompt="", tests=(test,)), run).message
    assert told == (
        "Test failed: the command `python main.py 'a b'`\n"
        "Expected: '1\\n'\nYour code gave: '2\\n'\nIt printed: 2"
    )


ROW = {
    "kind": "command",
    "argv": ["python", "main.py", "x"],
    "files": {"data.txt": "seen"},
    "stdin": "in\n",
    "expected": "['x'] seen in\n",
}


def test_through_the_command_line(tmp_path: Path) -> None:
    """Defect: a row of the kind `command` is not read by `assay run --tests FILE.jsonl`."""
    (tmp_path / "p.py").write_text(CODE)
    (tmp_path / "t.jsonl").write_text(f"{json.dumps(ROW)}\n{json.dumps(ROW | {'status': 1})}\n")
    words = [sys.executable, "-c", MAIN, "run", "p.py", "--tests", "t.jsonl", "--json"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.returncode == 2 and "user namespaces" in done.stderr:
        pytest.skip("no namespaces here")
    assert done.returncode == 3, done.stderr
    assert [v["outcome"] for v in json.loads(done.stdout)["verdicts"]] == ["passed", "wrong"]


@pytest.mark.parametrize("change", [{"argv": []}, {"argv": "ls"}, {"files": ["a"]}, {"shell": 1}])
def test_a_row_that_is_none_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    """Defect: a malformed command is run in part, or ends in a traceback."""
    (tmp_path / "t.jsonl").write_text(json.dumps(ROW | change))
    with pytest.raises(ProblemError, match="line 1"):
        testrows.load(tmp_path / "t.jsonl")
