"""`assay run`: wrong inputs, interruption, and a machine that cannot isolate."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cli_tools import ASSAY, Done, Shell, alive, descendants, until

BAD: list[tuple[list[str], list[str]]] = [
    (["missing.py"], ["missing.py", "no such file"]),
    (["folder.py"], ["folder.py", "folder"]),
    (["binary.py"], ["binary.py", "not UTF-8"]),
    (["nul.py"], ["nul.py: line 2", "NUL"]),
    (["empty.py"], ["empty.py is empty"]),
    (["blank.py"], ["blank.py is empty"]),
    (["p.xyz"], ["p.xyz: which language", "--language", ".py"]),
    (["name"], ["name: which language"]),
    (["p.py", "--language", "cobol"], ["cobol"]),
    (["-"], ["standard input is empty"]),
    (["-", "--stdin", "-"], ["both", "standard input"]),
    (["p.py", "--stdin", "missing"], ["missing", "no such file"]),
    (["p.py", "--stdin", "folder.py"], ["folder.py", "folder"]),
    (["p.py", "--stdin", "p.py", "--tests", "t.py"], ["--stdin", "--tests"]),
    (["p.py", "--tests", "missing.py"], ["missing.py", "no such file"]),
    (["p.py", "--tests", "empty.py"], ["empty.py", "no tests"]),
    (["p.py", "--tests", "syntax.py"], ["syntax.py, line 2"]),
    (["p.py", "--tests", "binary.py"], ["binary.py", "not UTF-8"]),
    (["p.py", "--tests", "empty.jsonl"], ["empty.jsonl", "no tests"]),
    (["p.py", "--tests", "broken.jsonl"], ["broken.jsonl, line 2", "not JSON"]),
    (["p.py", "--tests", "other.jsonl"], ["other.jsonl, line 1", "not a test", "stdin"]),
    (["p.py", "--tests", "twice.jsonl"], ["twice.jsonl", "'a'"]),
    (["p.py", "--time", "0"], ["--time", "0"]),
    (["p.py", "--time", "-1"], ["--time", "-1"]),
    (["p.py", "--time", "nan"], ["--time", "nan"]),
    (["p.py", "--time", "inf"], ["--time", "inf"]),
    (["p.py", "--time", "soon"], ["--time", "number"]),
    (["p.py", "--memory", "-5"], ["--memory", "-5"]),
    (["p.py", "--memory", "0"], ["--memory", "0"]),
    (["p.py", "--memory", str(10**20)], ["--memory", "1048576"]),
    (["p.py", "--processes", "0"], ["--processes"]),
    (["p.py", "--output", "-1"], ["--output"]),
    (["p.py", "--disk", "0"], ["--disk"]),
    (["p.py", "--repeat", "0"], ["--repeat"]),
    (["p.py", "--config", "bad.toml"], ["bad.toml", "colour"]),
    ([], ["FILE"]),
]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    made = Shell(tmp_path_factory.mktemp("run"))
    (made.folder / "folder.py").mkdir()
    files: dict[str, str | bytes] = {
        "p.py": "print('RAN')\n",
        "p.xyz": "x",
        "name": "x",
        "t.py": "assert f(1) == 1\n",
        "binary.py": b"\x7fELF\xff\xfe",
        "nul.py": "x = 1\n\0\n",
        "empty.py": "",
        "blank.py": " \n\n",
        "syntax.py": "x = 1\ndef f(:\n",
        "empty.jsonl": "\n",
        "broken.jsonl": '"assert f(1) == 1"\n{"stdin": 1,\n',
        "other.jsonl": '{"input": "1"}\n',
        "twice.jsonl": '{"id": "a", "stdin": "", "expected": ""}\n' * 2,
        "bad.toml": "[run]\ncolour = 1\n",
    }
    for name, content in files.items():
        made.file(name, content)
    return made


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=lambda x: " ".join(x)[:40])
def test_wrong_input(shell: Shell, arguments: list[str], words: list[str]) -> None:
    """Defect: a traceback, a verdict on something that is no program, or the wrong status."""
    shell.run("run", *arguments).refused(2, *words)
    if "--stdin" not in arguments:
        shell.run("run", *arguments, "--json").refused(2, *words)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file(shell: Shell) -> None:
    """Defect: a traceback for a file without the right to read it."""
    shell.file("secret.py", "x = 1").chmod(0)
    shell.run("run", "secret.py").refused(2, "secret.py", "Permission denied")


DAEMON = "import os\nif os.fork() == 0: os.setsid()\nwhile True: pass\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("tests", [False, True])
def test_interrupted(tmp_path: Path, how: int, tests: bool) -> None:
    """Defect: the program, or a daemon that it made, outlives Ctrl-C, or Ctrl-C has to wait."""
    shell = Shell(tmp_path)
    body = DAEMON.replace("\n", "\n    ")
    shell.file("p.py", f"def f():\n    {body}\n" if tests else DAEMON)
    shell.file("t.py", "assert f() == 1\n")
    process = shell.start("run", "p.py", "--time", "60", *(["--tests", "t.py"] if tests else []))
    until(lambda: len(descendants(process.pid)) >= 6)
    time.sleep(0.3)
    below = descendants(process.pid)
    start = time.monotonic()
    process.send_signal(how)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - start < 1
    Done(process.returncode, out, err).refused(130, "interrupted")
    until(lambda: not alive(below) and not shell.processes(), 1)


NONE_LEFT = 'echo 0 > /proc/sys/user/max_user_namespaces && echo ready && exec "$@"'


def test_a_machine_that_cannot_isolate(tmp_path: Path) -> None:
    """Defect: a silent step down to no isolation, or a traceback instead of what is missing."""
    shell = Shell(tmp_path)
    shell.file("p.py", "print('RAN')\n")
    unshare = ["unshare", "--user", "--map-root-user", "sh", "-c", NONE_LEFT, "sh"]
    done = subprocess.run(
        [*unshare, ASSAY, "run", "p.py"],
        cwd=shell.folder,
        env=shell.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if "ready" not in done.stdout:
        pytest.skip(f"no machine without user namespaces can be made here: {done.stderr.strip()}")
    found = Done(done.returncode, done.stdout.removeprefix("ready\n"), done.stderr)
    found.refused(6, "user namespaces", "--unsafe")
