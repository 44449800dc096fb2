"""Where the results go: a full disk, a closed stream, a terminal of 80 columns."""

import json
import subprocess

import pytest
from cli_tools import ADD, ASSAY, Shell, right

ROW = {"id": "t", "prompt": "Write add(a, b).", "tests": ["assert add(1, 2) == 3"]}
HIDDEN = {"hidden": ["assert add(5, 5) == 10"]}
SAMPLES = [{"task_id": "t", "solution": f"def add(a, b):\n    return a {s} b\n"} for s in "+-"]
VERBS = {
    "run": ("run", "p.py"),
    "run --json": ("run", "p.py", "--json"),
    "solve": ("solve", "add.py", "--model", "scripted/model.json", "--no-cache"),
    "solve --json": ("solve", "add.py", "--model", "scripted/model.json", "--json"),
    "bench": ("bench", "t.jsonl", "--model", "scripted/model.json", "--strategy", "sample"),
    "rank": ("rank", "s.jsonl", "--tests", "claims.jsonl"),
    "log": ("log",),
    "show": ("show", "ID"),
    "show --json": ("show", "ID", "--json"),
    "doctor": ("doctor",),
    "models": ("models", "list"),
    "help": ("--help",),
    "version": ("--version",),
    "serve": ("serve", "sandbox", "--port", "0", "--json"),
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """With one finished run."""
    shell = Shell(tmp_path_factory.mktemp("stdout"))
    shell.file("add.py", ADD)
    shell.file("p.py", "print(1)\n")
    shell.file("t.jsonl", json.dumps(ROW | HIDDEN))
    claims = {"task_id": "t", "entry_point": "add", "tests": ["assert add(1, 2) == 3"]}
    shell.file("claims.jsonl", json.dumps(claims))
    shell.file("s.jsonl", "\n".join(map(json.dumps, SAMPLES)))
    model = shell.model(right())
    shell.run("solve", "add.py", "--model", model).answered()
    return shell


def sent(shell: Shell, verb: str, to: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """As a shell starts it: `to` is a redirection."""
    if verb.startswith("show"):
        [run] = [row for row in shell.run("log", "--json").rows if row["command"] == "solve"][-1:]
        words = [run["id"] if word == "ID" else word for word in VERBS[verb]]
    else:
        words = list(VERBS[verb])
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {to}', "sh", ASSAY, *words],
        cwd=shell.folder,
        env=shell.env | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk_is_one_line(shell: Shell, verb: str) -> None:
    """Catches: a traceback, or a status of success for a result that nobody has."""
    done = sent(shell, verb, ">/dev/full")
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last == "assay: standard output cannot be written: No space left on device", done
    assert "Traceback" not in done.stderr
    assert "ignored" not in done.stderr


@pytest.mark.parametrize("verb", ["run", "help", "version", "log"])
def test_a_full_disk_without_buffers(shell: Shell, verb: str) -> None:
    """Catches: what is written at once is lost in silence, as typer tries out the stream."""
    done = sent(shell, verb, ">/dev/full", PYTHONUNBUFFERED="1")
    assert (done.returncode, done.stderr.count("cannot be written")) == (1, 1), done


@pytest.mark.parametrize("verb", ["run", "solve", "doctor", "log", "serve"])
def test_a_closed_stream_is_one_line(shell: Shell, verb: str) -> None:
    """Catches: a traceback, and the log's file under the number of standard output."""
    done = sent(shell, verb, ">&-")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "assay: standard output is closed; to have none, give >/dev/null\n"


def test_without_standard_error_results_stay_alone(shell: Shell) -> None:
    """Catches: what is meant for standard error is printed among the results."""
    done = sent(shell, "run --json", "2>&-")
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "passed")


def test_a_reader_that_goes_away_is_no_error(shell: Shell) -> None:
    """Catches: `assay doctor | head -1` ends in a complaint."""
    done = sent(shell, "doctor", "| head -1")
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (0, 1, "")


def test_the_doctor_fits_its_terminal(shell: Shell) -> None:
    """Catches: rows that wrap at any column, and a fix that is hard to find among them."""
    done = shell.run("doctor", COLUMNS="80")
    lines = done.out.splitlines()
    assert all(len(line) <= 80 or " " not in line.strip() for line in lines)
    heads = [line for line in lines if not line.startswith(" ")]
    assert {line[:4] for line in heads} <= {"ok  ", "MISS"}
    for at, line in enumerate(lines):
        if line.startswith("MISS"):
            assert len(line.split()) == 2
            assert lines[at + 1].startswith("     ")
            assert lines[at + 1][5] != " "


def test_the_doctor_has_a_line_each_for_a_file(shell: Shell) -> None:
    """Catches: `assay doctor | grep MISS` without the fix."""
    rows = shell.run("doctor", "--json").rows
    lines = shell.run("doctor").out.splitlines()
    assert [row["detail"] for row in rows] == [line[24:] for line in lines]
