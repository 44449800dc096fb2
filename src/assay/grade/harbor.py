"""A folder of tasks in the layout of Harbor (`task.toml`, `instruction.md`, `environment/`,
`tests/test.sh`, `solution/solve.sh`), as far as a sandbox without an image can run them.

A task is taken where its answer is one file and its tests are commands: the image is a plain one
that only has files copied into it, `tests/test.sh` installs nothing and writes one reward, and
`solution/solve.sh` writes the one file, by `cat > FILE <<'END'` or `cp`. Every other task is left
out, with the reason: it is never scored. What `tests/test.sh` calls may still not be here: a task
is scored only where its solution passes (`Item.proven`). Then a program without the full reward
is wrong, however its run ended: it could else choose not to be scored.

`/app` is the folder of the program here; `/tests` and `/logs/verifier` lie in it.
"""

import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

from assay.errors import ProblemError
from assay.grade import Item
from assay.problem import Command, Limits, Problem
from assay.problem.reading import read_text

MAX_TASKS = 10_000
MAX_FILES = 100
MAX_BYTES = 8 * 1024 * 1024
"""Of one of a task's folders."""
LANGUAGES = {
    ".py": "python", ".sh": "bash", ".js": "javascript", ".ts": "typescript", ".c": "c",
    ".cpp": "cpp", ".go": "go", ".rs": "rust", ".java": "java", ".sql": "sql",
}  # fmt: skip
PLAIN_IMAGE = re.compile(r"(python|ubuntu|debian|bash|alpine|buildpack-deps)(:[\w.-]+)?")
NEEDS_MORE = re.compile(r"\b(apt-get|apt|apk|pip3?|uvx?|npm|npx|curl|wget|cargo|docker)\b")
WRITTEN = re.compile(
    r"cat\s*(?:>\s*(?P<one>\S+)\s*<<\s*(?P<q1>['\"])(?P<end1>\w+)(?P=q1)"
    r"|<<\s*(?P<q2>['\"])(?P<end2>\w+)(?P=q2)\s*>\s*(?P<two>\S+))\n"
)
COPIED = re.compile(r"cp\s+(?:\"?\$\(dirname \"?\$0\"?\)\"?/|/solution/)(\S+)\s+(\S+)")
NAME = re.compile(r"[\w$][\w$.-]*(/[\w$][\w$.-]*){0,7}", re.ASCII)
RUN = """\
mkdir -p logs/verifier
find tests -type f -exec sed -i \
 -e "s#/logs/verifier#$PWD/logs/verifier#g" -e "s#/tests\\b#$PWD/tests#g" -e "s#/app\\b#$PWD#g" {} +
export ASSAY_MISSING="$PWD/logs/missing"
command_not_found_handle() {
  if [ "$0" = tests/test.sh ]; then echo "$1" >> "$ASSAY_MISSING"; fi
  echo "$0: $1: command not found" >&2
  return 127
}
export -f command_not_found_handle
bash tests/test.sh
case $? in 126|127) exit 1;; esac
if [ -e logs/missing ]; then exit 1; fi
case $(cat logs/verifier/reward.txt) in 1|1.0) exit 0;; *) exit 1;; esac
"""
"""Puts the folders where they are here, and ends with 0 for the full reward of a `test.sh` that
missed no command: a check that is not here passes everything, the solution too."""


class LeftOut(Exception):
    """Why a task cannot be run here."""


def items(folder: Path) -> list[Item]:
    """The tasks that can be run. Raises `ProblemError` where none can, or it has none."""
    found, reasons = read(folder)
    if not found:
        name, reason = next(iter(reasons.items()))
        raise ProblemError(f"{folder}: no task can be run here; {name}: {reason}")
    return found


def left_out(folder: Path) -> dict[str, str]:
    """The other tasks by name, and why. Raises `ProblemError`."""
    return read(folder)[1]


def read(folder: Path) -> tuple[list[Item], dict[str, str]]:
    try:
        roots = [folder] if (folder / "task.toml").is_file() else sorted(folder.iterdir())
    except OSError as error:
        raise ProblemError(f"{folder}: cannot be read: {error.strerror}") from None
    tasks = [root for root in roots if (root / "task.toml").is_file()]
    if not tasks or len(tasks) > MAX_TASKS:
        raise ProblemError(f"{folder}: {len(tasks)} folders with a task.toml; 1 to {MAX_TASKS}")
    found: list[Item] = []
    reasons: dict[str, str] = {}
    for task in tasks:
        try:
            if task.is_symlink() and task != folder:
                raise LeftOut("it is a link")
            found.append(item_of(task))
        except (LeftOut, ProblemError) as reason:
            reasons[task.name] = str(reason)
        except (AttributeError, TypeError, ValueError) as error:
            reasons[task.name] = f"task.toml: {error}"
    return found, reasons


def item_of(task: Path) -> Item:
    """Raises `LeftOut`, `ProblemError`."""
    config = configuration(task)
    code, file = answer_of(task)
    language = LANGUAGES.get(PurePosixPath(file).suffix)
    if language is None:
        raise LeftOut(f"its answer {file} is in no language that runs here")
    script = text_of(task, "tests/test.sh")
    if needed := NEEDS_MORE.search(script):
        raise LeftOut(f"tests/test.sh needs {needed[1]}")
    if "reward.json" in script or "rewards.json" in script:
        raise LeftOut("tests/test.sh writes several rewards")
    files = {f"tests/{name}": text for name, text in folder_of(task, "tests").items()}
    files |= {"assay-test.sh": RUN} | copied(task)
    if file in files:
        raise LeftOut(f"its answer {file} is there already")
    seconds = min(float(config.get("verifier", {}).get("timeout_sec", 600.0)), 120.0)
    problem = Problem(
        id=task.name,
        prompt=f"{here(text_of(task, 'instruction.md')).strip()}\n\nWrite the file {file}.",
        language=language,
        limits=Limits(cpu_seconds=seconds, wall_seconds=3 * seconds, memory_mb=1024),
    )
    test = Command(
        id="test.sh", argv=("bash", "assay-test.sh"), file=file, files=tuple(files.items())
    )
    return Item(problem=problem, hidden=(test,), reference=here(code), proven=True)


def configuration(task: Path) -> dict[str, Any]:
    """Of `task.toml`. Raises `LeftOut` where it asks for what is not here."""
    try:
        config = tomllib.loads(text_of(task, "task.toml"))
    except tomllib.TOMLDecodeError as error:
        raise LeftOut(f"task.toml: {error}") from None
    environment = config.get("environment", {})
    for asked in ("docker_image", "gpus", "mcp_servers", "healthcheck", "env", "tpu"):
        if environment.get(asked):
            raise LeftOut(f"task.toml asks for environment.{asked}")
    if config.get("steps"):
        raise LeftOut("it has several steps")
    if config.get("verifier", {}).get("environment_mode") == "separate":
        raise LeftOut("its tests have an image of their own")
    return config


def answer_of(task: Path) -> tuple[str, str]:
    """Text and name of the one file that the solution writes."""
    refuse_link(task, "solution/solve.sh")
    if not (task / "solution" / "solve.sh").exists():
        raise LeftOut("no solution/solve.sh, which says what the answer's file is")
    script = text_of(task, "solution/solve.sh")
    written = list(WRITTEN.finditer(script))
    taken = COPIED.findall(script)
    if len(written) + len(taken) != 1:
        raise LeftOut("solution/solve.sh does not write one file by `cat > FILE <<'END'` or `cp`")
    if taken:
        [(source, target)] = taken
        return folder_of(task, "solution").get(source, ""), place(target)
    [found] = written
    end = found["end1"] or found["end2"]
    text, closed, _ = script[found.end() :].partition(f"\n{end}\n")
    if not closed:
        text = script[found.end() :].removesuffix(end)
    return text + "\n", place(found["one"] or found["two"])


def copied(task: Path) -> dict[str, str]:
    """The files that the image has in `/app`. Raises `LeftOut` for an image that does more."""
    environment = folder_of(task, "environment")
    files: dict[str, str] = {}
    if any("compose" in name for name in environment):
        raise LeftOut("its environment has services")
    for line in environment.get("Dockerfile", "").replace("\\\n", " ").splitlines():
        word, *rest = line.split() or ["#"]
        if word.startswith("#") or (word == "WORKDIR" and rest[:1] == ["/app"]):
            continue
        if word == "FROM" and len(rest) == 1 and PLAIN_IMAGE.fullmatch(rest[0]):
            continue
        if word not in ("COPY", "ADD") or len(rest) != 2:
            raise LeftOut(f"its Dockerfile has: {line.strip()[:60]}")
        source, target = rest[0].removeprefix("./"), rest[1]
        if source not in environment:
            raise LeftOut(f"its Dockerfile copies {source}")
        inside = target.endswith(("/", "/app")) or target == "."
        files[place(f"{target}/{source}" if inside else target)] = environment[source]
    return files


def place(name: str) -> str:
    """A path of the image as one in the folder of the program. Raises `LeftOut`."""
    parts = PurePosixPath(name.strip("\"'"))
    inside = parts.relative_to("/app") if parts.is_relative_to("/app") else parts
    if inside.is_absolute() or not NAME.fullmatch(str(inside)):
        raise LeftOut(f"the file {name!r} is not one below /app")
    return str(inside)


def folder_of(task: Path, part: str) -> dict[str, str]:
    """The files below a task's folder as texts. Raises `LeftOut` for links, pipes, names
    that cannot be, and too much."""
    refuse_link(task, part)
    found: dict[str, str] = {}
    size = 0
    for path in sorted((task / part).rglob("*")):
        name = path.relative_to(task / part).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if not NAME.fullmatch(name) or len(found) == MAX_FILES:
            raise LeftOut(f"{part}/{name}: a name that cannot be, or too many files")
        size += path.lstat().st_size
        if size > MAX_BYTES:
            raise LeftOut(f"{part} is over {MAX_BYTES >> 20} MB")
        found[name] = text_of(task, f"{part}/{name}")
    return found


def text_of(task: Path, name: str) -> str:
    """Raises `LeftOut`, `ProblemError`."""
    refuse_link(task, name)
    return read_text(task / name)


def refuse_link(task: Path, name: str) -> None:
    """A task comes from others: a link would make any file of this machine a part of it."""
    path = task
    for part in PurePosixPath(name).parts:
        path /= part
        if path.is_symlink():
            raise LeftOut(f"{path.relative_to(task)} is a link")


def here(text: str) -> str:
    """Paths below `/app` as paths from there."""
    return re.sub(r"(?<![\w.])/app/(?=[\w$])", "", text)
