"""Bad input: one clear line, the right status, nothing changed and nothing kept."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_tools import ADD, Done, Shell, right


def state(shell: Shell) -> dict[str, str]:
    """Every file below the working folder, by content."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in shell.folder.rglob("*")
        if path.is_file()
    }


FILES: dict[str, str | bytes] = {
    "add.py": ADD,
    "syntax.py": "x = 1\ndef f(:\n",
    "done.py": "def f(a):\n    return a\n",
    "unread.py": 'def f(a):\n    """F.\n\n    >>> f(1\n    2\n    """\n    ...\n',
    "contrary.py": (
        'def f(a):\n    """\n    >>> f(1)\n    2\n    >>> f(1) == 3\n    True\n    """\n    ...\n'
    ),
    "latin.py": b"# \xe9\ndef f(a):\n    ...\n",
    "notes.txt": "Write a function.",
    "none.py": "",
    "bad.jsonl": '{"id": "a", "prompt": "x"}\n{"id": "b", "prompt": "x"\n',
    "typed.jsonl": '{"id": "a", "prompt": "x"}\n\n{"id": "b", "prompt": 3}\n',
    "twice.jsonl": '{"id": "a", "prompt": "x"}\n{"id": "a", "prompt": "x"}\n',
    "extra.jsonl": '{"id": "a", "prompt": "x", "answer": 1}\n',
    "empty.jsonl": "",
    "half.jsonl": '{"text": "x"}\n{"text": "y", "key": "1"}\n',
    "script.json": '[{"txet": "x"}]',
}


Row = tuple[list[str], list[str]]
"""Arguments, and words that the one line must have."""

TARGETS: list[Row] = [
    (["solve", "missing.py"], ["missing.py", "no such file"]),
    (["solve", "./"], [".py or .jsonl"]),
    (["solve", "folder.py"], ["folder.py", "folder"]),
    (["solve", "folder"], ["folder: cannot fill this", ".py or .jsonl"]),
    (["solve", "syntax.py"], ["syntax.py, line 2"]),
    (["solve", "done.py"], ["done.py: nothing to fill", "raise NotImplementedError"]),
    (["solve", "unread.py"], ["unread.py", ">>> f(1", "never closed"]),
    (["solve", "contrary.py"], ["f:1", "f:2", "f(1)", "contradict"]),
    (["solve", "latin.py"], ["latin.py", "line 1", "UTF-8"]),
    (["solve", "notes.txt"], ["notes.txt", ".py or .jsonl"]),
    (["solve", ""], ["task is empty"]),
    (["solve", "-"], ["standard input is empty"]),
    (["solve", "bad.jsonl"], ["bad.jsonl, line 2", "not JSON"]),
    (["solve", "typed.jsonl"], ["typed.jsonl, line 3", "prompt"]),
    (["solve", "twice.jsonl"], ["twice.jsonl, line 2", "'a' is there twice"]),
    (["solve", "empty.jsonl"], ["empty.jsonl: no problem"]),
    (["solve", "missing.jsonl"], ["missing.jsonl"]),
    (["bench", "humanevil"], ["unknown suite 'humanevil'", "humaneval"]),
    (["solve", "humanevil:1"], ["unknown suite 'humanevil'", "humaneval"]),
    (["solve", "humaneval:HumanEval/999"], ["HumanEval/999", "HumanEval/0 to HumanEval/163"]),
    (["solve", "humaneval:164"], ["0 to 163"]),
    (["solve", "add.py", "missing.py"], ["missing.py"]),
]

FLAGS: list[Row] = [
    (["--model", "opnai/x"], ["unknown model provider 'opnai'", "openai/…", "recorded/…"]),
    (["--model", "qwen"], ["provider", "embedded/…"]),
    (["--model", "embedded/qwen"], ["'qwen'", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"]),
    (["--model", "openai/"], ["openai/NAME"]),
    (["--model", "scripted/missing.json"], ["missing.json", "No such file"]),
    (["--model", "scripted/script.json"], ["script.json", "item 0 txet"]),
    (["--model", "recorded/missing.jsonl"], ["missing.jsonl", "No such file"]),
    (["--model", "recorded/half.jsonl"], ["half.jsonl, line 1", "key"]),
    (["--strategy", "self_debg"], ["unknown strategy", "'self_debug'", "sample"]),
    (["--strategy", "sample(k=2)"], ["no knob 'k'", "n"]),
    (["--strategy", "sample(n='x')"], ["n wants", "int", "'x'"]),
    (["--strategy", "sample(n=True)"], ["n wants", "int"]),
    (["--strategy", "sample("], ["NAME(knob=value)"]),
    (["--strategy", "sample(n=-1)"], ["negative"]),
    (["--selector", "agreemnt"], ["unknown selector", "'agreement'", "visible"]),
    (["--budget", "tokens=0"], ["tokens must be above 0"]),
    (["--budget", "tokens=many"], ["tokens wants a whole number", "'many'"]),
    (["--budget", "tokens=5,tokens=6"], ["twice"]),
    (["--budget", "token=5"], ["no limit named 'token'", "tokens"]),
    (["--budget", "dollars=1", "--model", "openai/x"], ["--price IN,OUT"]),
    (["--price", "cheap"], ["--price wants IN,OUT"]),
    (["--price", "nan,1"], ["--price"]),
    (["--price=-1,1"], ["--price"]),
    (["--temperature", "nan"], ["--temperature"]),
    (["--modle", "x"], ["--modle", "--model"]),
    (["--prompts", "missing"], ["--prompts missing", "no such folder"]),
    (["--context", "900", "--max-tokens", "900"], ["--max-tokens 900", "no room", "--context"]),
    (["--tests", "missing.py"], ["missing.py", "no such file"]),
    (["--tests", "none.py"], ["none.py", "no tests"]),
    (["--tests", "syntax.py"], ["syntax.py, line 2"]),
    (["--tests", "folder.py"], ["folder.py", "folder"]),
    (["--without", "add:9"], ["add:9", "add:1, add:2"]),
    (["--out", "add.py/x.jsonl"], ["--out add.py/x.jsonl", "Not a directory"]),
    (["--record", "missing/x.jsonl"], ["missing/x.jsonl", "No such file"]),
    (["--write"], ["add.py", "git", "--force"]),
]

COMMANDS: list[Row] = [
    (["sovle", "add.py"], ["sovle", "solve"]),
    (["solve"], ["TARGET"]),
    (["bench"], ["which suite", "--list"]),
    (["bench", "humaneval", "--limit", "0"], ["--limit"]),
    (["bench", "humaneval", "--resume", "--model", "scripted/m.json"], ["--resume"]),
    (["show", "zzz"], ["zzz", "assay log"]),
    (["models", "pull", "qwen"], ["qwen2.5-coder-0.5b"]),
    (["models", "path", "qwen2.5-coder-0.5b"], ["assay models pull qwen2.5-coder-0.5b"]),
]


@dataclass(frozen=True)
class Session:
    """All commands of this file, made at once to save time, and what they left behind."""

    shell: Shell
    done: dict[tuple[str, ...], Done]
    before: dict[str, str]
    after: dict[str, str]

    def of(self, arguments: Sequence[str]) -> Done:
        return self.done[tuple(arguments)]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    shell = Shell(tmp_path_factory.mktemp("bad"))
    for name, content in FILES.items():
        shell.file(name, content)
    (shell.folder / "folder.py").mkdir()
    (shell.folder / "folder").mkdir()
    model = shell.model(right(), name="m.json")
    commands = [arguments for arguments, _ in (*TARGETS, *COMMANDS)]
    commands += [["solve", "add.py", *arguments] for arguments, _ in FLAGS]
    before = state(shell)

    def run(arguments: list[str]) -> Done:
        return shell.run(*arguments, **({} if "--model" in arguments else {"ASSAY_MODEL": model}))

    with ThreadPoolExecutor(4) as pool:
        done = dict(zip(map(tuple, commands), pool.map(run, commands), strict=True))
    return Session(shell, done, before, state(shell))


@pytest.mark.parametrize(("arguments", "words"), TARGETS)
def test_what_cannot_be_solved_is_refused_in_one_line(
    session: Session, arguments: list[str], words: list[str]
) -> None:
    """Would catch a traceback, a message without the place, or a status that scripts misread."""
    session.of(arguments).refused(2, *words)


@pytest.mark.parametrize(("arguments", "words"), FLAGS)
def test_a_flag_that_cannot_be_is_refused(
    session: Session, arguments: list[str], words: list[str]
) -> None:
    """Would catch a flag that is not checked, or a message that does not list the choices."""
    session.of(["solve", "add.py", *arguments]).refused(2, *words)


@pytest.mark.parametrize(("arguments", "words"), COMMANDS)
def test_a_wrong_command_is_refused(
    session: Session, arguments: list[str], words: list[str]
) -> None:
    """Would catch a usage error in the framework's own many-line form, or with another status."""
    session.of(arguments).refused(2, *words)


def test_nothing_was_changed_and_nothing_asked(session: Session) -> None:
    """Would catch a file that is made or changed, or tokens paid for, before the refusal."""
    assert session.after == session.before
    assert session.shell.events("completion") == []


def test_no_command_at_all_shows_the_help(tmp_path: Path) -> None:
    """Would catch help dressed up as an error: `assay: Usage: …`."""
    done = Shell(tmp_path).run()
    assert done.code == 2
    assert (done.out + done.err).startswith("Usage: assay")
    assert "assay: " not in done.out + done.err
