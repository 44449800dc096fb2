"""Harbor's task folders: those that can be run are judged, all others are named and not scored."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.errors import ProblemError, UsageError
from assay.grade import Item, grade, harbor, hidden_job
from assay.sandbox import Run, open_blocking, open_sandbox

TEST = """\
#!/bin/bash
cd /app
out=$(python3 /app/greet.py 2>/dev/null)
if [ "$out" = "$(cat /tests/wanted.txt)" ]; then echo 1 > /logs/verifier/reward.txt
else echo 0 > /logs/verifier/reward.txt; fi
"""
SOLVE = """\
#!/bin/bash
cat > /app/greet.py << 'EOF'
for line in open("/app/names.txt"):
    print("Hello,", line.strip())
EOF
"""


def task(folder: Path, name: str = "greet") -> Path:
    root = folder / name
    for inner in ("environment", "tests", "solution"):
        (root / inner).mkdir(parents=True)
    (root / "task.toml").write_text('schema_version = "1.1"\n[verifier]\ntimeout_sec = 20.0\n')
    (root / "instruction.md").write_text("Write /app/greet.py: it greets those of /app/names.txt.")
    (root / "environment" / "Dockerfile").write_text(
        "FROM python:3.12-slim\n# a comment\nWORKDIR /app\nCOPY names.txt /app/names.txt\n"
    )
    (root / "environment" / "names.txt").write_text("Ada\nBob\n")
    (root / "tests" / "test.sh").write_text(TEST)
    (root / "tests" / "wanted.txt").write_text("Hello, Ada\nHello, Bob\n")
    (root / "solution" / "solve.sh").write_text(SOLVE)
    return root


def judged(item: Item, *codes: str) -> list[Run]:
    with open_blocking(slots=1) as box:
        try:
            return box.run([hidden_job(item, code) for code in codes])
        except UsageError as error:
            if "needs user namespaces" not in str(error):
                raise
            pytest.skip(str(error))


def test_a_task_is_judged_by_its_reward(tmp_path: Path) -> None:
    """Catches: paths of the image that lead nowhere, a reward of 0 that passes, tests in the
    prompt, a program that shares a process with its tests and is not marked."""
    task(tmp_path)
    [item] = harbor.items(tmp_path)
    problem = item.problem
    assert (problem.id, problem.language, problem.tests) == ("greet", "python", ())
    assert "Write greet.py: it greets those of names.txt" in problem.prompt
    assert "Hello" not in problem.prompt
    assert item.reference is not None
    right, wrong, empty = judged(item, item.reference, "print('Hello')\n", "")
    assert right.passed, right
    assert not wrong.passed
    assert not empty.passed
    assert right.judging == "in-process"


MISSING = {
    "a command that is not here": TEST.replace("cd /app", "cd /app; pytest-of-another-image"),
    "a module that is not here": TEST.replace("$out", "$out$(python3 -c 'import no_such' 2>&1)"),
    "a last command that is not here": TEST.replace(
        "then echo 1 >", "then true; exec /opt/no/judge >"
    ),
    "no reward": TEST.replace("echo 0 >", "true >").replace("echo 1 >", "true >"),
}
"""Tests that no program passes here, whatever it does."""


@pytest.mark.parametrize("name", MISSING)
def test_tests_that_do_not_work_here_score_nothing(name: str, tmp_path: Path) -> None:
    """Catches: right and wrong programs called wrong for want of a tool."""
    (task(tmp_path) / "tests" / "test.sh").write_text(MISSING[name])
    [item] = harbor.items(tmp_path)
    judged(item, "")  # skips where commands cannot run
    assert graded(item, item.reference, "print(1)\n") == [None, None]


def test_no_program_can_choose_not_to_be_scored(tmp_path: Path) -> None:
    """Catches: a wrong program that is not measured, since it ends as a missing tool does, or
    leaves no reward behind; a right program beside it that is not scored."""
    script = TEST.replace("else echo 0", 'elif [ -z "$out" ]; then no-such-tool\nelse echo 0')
    (task(tmp_path) / "tests" / "test.sh").write_text(script)
    [item] = harbor.items(tmp_path)
    judged(item, "")
    asks = "import os\nprint(os.system('no-such-command'))\n"
    hides = "import shutil\nshutil.rmtree('logs')\nprint(1)\n"
    found = graded(item, item.reference, "", "print(1)\n", asks, hides)
    assert found == [True, False, False, False, False]


def graded(item: Item, *codes: str | None) -> list[bool | None]:
    async def all_of() -> list[bool | None]:
        sandbox = open_sandbox(slots=1)
        try:
            runs = [await grade(sandbox, item, code) for code in codes]
        finally:
            await sandbox.close()
        return [None if run is None else run.passed for run in runs]

    return asyncio.run(all_of())


def test_one_task_or_a_folder_of_them(tmp_path: Path) -> None:
    """Catches: a task's own folder that is refused; files beside the tasks taken for some."""
    root = task(tmp_path)
    task(tmp_path, "second")
    (tmp_path / "README.md").write_text("text")
    (tmp_path / "empty").mkdir()
    assert [item.problem.id for item in harbor.items(tmp_path)] == ["greet", "second"]
    assert [item.problem.id for item in harbor.items(root)] == ["greet"]


def write(name: str, text: str | bytes) -> Callable[[Path], object]:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda root: (root / name).write_bytes(data)


def link(path: Path, target: str) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    path.symlink_to(target)


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


OTHER: dict[str, tuple[Callable[[Path], object], str]] = {
    "an image that runs commands": (
        write("environment/Dockerfile", "FROM ubuntu:24.04\nRUN apt-get install -y x\n"), "RUN"
    ),
    "another image": (write("environment/Dockerfile", "FROM evil.example/x\n"), "FROM evil"),
    "services": (write("environment/docker-compose.yaml", "services: {}"), "services"),
    "an image by name": (
        write("task.toml", '[environment]\ndocker_image = "x"\n'), "environment.docker_image"
    ),
    "several steps": (write("task.toml", '[[steps]]\nname = "a"\n'), "several steps"),
    "tests that install": (write("tests/test.sh", "pip install x\n"), "needs pip"),
    "several rewards": (write("tests/test.sh", "cp r /logs/verifier/reward.json\n"), "rewards"),
    "no tests": (lambda root: (root / "tests/test.sh").unlink(), "no such file"),
    "no solution": (lambda root: (root / "solution/solve.sh").unlink(), "solve.sh"),
    "a solution of two files": (write("solution/solve.sh", SOLVE + SOLVE), "one file"),
    "a solution that does": (write("solution/solve.sh", "sed -i s/a/b/ /app/x.py\n"), "one file"),
    "a file above": (write("solution/solve.sh", SOLVE.replace("/app/", "/app/../")), "below /app"),
    "a file elsewhere": (write("solution/solve.sh", SOLVE.replace("/app/", "/etc/")), "below /app"),
    "another language": (write("solution/solve.sh", SOLVE.replace(".py", ".pl")), "no language"),
    "a link": (
        lambda root: (root / "tests/secret").symlink_to("/etc/passwd"), "tests/secret is a link"
    ),
    "a file copied from above": (
        write("environment/Dockerfile", "FROM python\nCOPY ../../../etc/passwd /app/x\n"), "copies"
    ),
    "a link for its text": (
        lambda root: link(root / "instruction.md", "/etc/passwd"), "instruction.md is a link"
    ),
    "a link for its tests": (lambda root: link(root / "tests", "/etc"), "tests is a link"),
    "a link for its files": (lambda root: link(root / "environment", "/etc"), "environment is a"),
    "a link for its solution": (lambda root: link(root / "solution", "/etc"), "solution is a link"),
    "a link to a task": (
        lambda root: link(root, str(root.parent / "greet")), "it is a link"
    ),
    "a pipe for its text": (lambda root: pipe(root / "instruction.md"), "a pipe"),
    "a pipe in its tests": (lambda root: pipe(root / "tests" / "data"), "a pipe"),
    "tests of any size": (write("tests/data", "0" * (9 << 20)), "tests is over 8 MB"),
    "no text": (write("tests/data", b"\xff\xfe"), "not UTF-8"),
    "no TOML": (write("task.toml", "["), "task.toml"),
    "TOML of another form": (write("task.toml", "verifier = 3\n"), "task.toml"),
    "a time that is none": (write("task.toml", '[verifier]\ntimeout_sec = "x"\n'), "task.toml"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_any_other_task_is_named_and_left_out(name: str, tmp_path: Path) -> None:
    """Catches: a task that is scored in an environment that is not its own, one that vanishes, one
    that reads files of this machine, one that ends the reading of all the others."""
    change, reason = OTHER[name]
    task(tmp_path)
    change(task(tmp_path, "other"))
    assert [item.problem.id for item in harbor.items(tmp_path)] == ["greet"]
    [(left, why)] = harbor.left_out(tmp_path).items()
    assert left == "other"
    assert reason in why


def test_a_folder_without_a_task_that_runs_says_so(tmp_path: Path) -> None:
    """Catches: a comparison over nothing."""
    with pytest.raises(ProblemError, match="0 folders"):
        harbor.items(tmp_path)
    (task(tmp_path) / "tests" / "test.sh").write_text("curl x\n")
    with pytest.raises(ProblemError, match=r"greet: tests/test\.sh needs curl"):
        harbor.items(tmp_path)
    with pytest.raises(ProblemError):
        harbor.items(tmp_path / "nowhere")
