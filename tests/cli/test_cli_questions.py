"""Questions at a real terminal and from a file, through the whole command."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Shell, Terminal, fenced, right

TWICE = "def f(x):\n    return [a * 2 for a in x]"
SQUARE = "def f(x):\n    return [a * a for a in x]"
NEXT = "def f(x):\n    return [a + 1 for a in x]"
RAISES = "def f(x):\n    raise ValueError"
CLAIMS = ["f([2]) == [4]", "f([3]) == [9]", "f([3, 1]) == [9, 1]", "f([0]) == [0]"]
LAST = "q  no more questions"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    samples(shell, TWICE, SQUARE, SQUARE + "\n#", NEXT, RAISES)
    tests(shell)
    return shell


def samples(shell: Shell, *codes: str) -> None:
    rows = [json.dumps({"task_id": "T/1", "solution": code}) for code in codes]
    shell.file("s.jsonl", "\n".join(rows))


def tests(shell: Shell, **more: Any) -> None:
    row = {"task_id": "T/1", "tests": [f"assert {claim}" for claim in CLAIMS], **more}
    shell.file("t.jsonl", json.dumps(row))


def rank(*more: str) -> tuple[str, ...]:
    return ("rank", "s.jsonl", "--tests", "t.jsonl", *more)


def answers(shell: Shell, **known: Any) -> str:
    shell.file("a.jsonl", json.dumps({"task_id": "T/1", "answers": known["of"]}))
    return "a.jsonl"


def test_answers_of_a_file_change_the_choice_and_are_said(shell: Shell) -> None:
    """Catches: answers that are read and not heeded, not logged, or not in what is printed."""
    before = shell.run(*rank("--json")).answered().rows[0]
    assert (before["ranking"][0]["index"], before["questions"], before["answers"]) == (1, 0, [])
    # Blanks in the input do not matter.
    file = answers(shell, of={"f([ 3 ])": "[6]", "f([3, 1])": [6, 2]})
    [row] = shell.run(*rank("--answers", file, "--json")).answered().rows
    assert row["ranking"][0]["index"] == 0
    assert 1 <= row["questions"] <= 2
    assert row["answers"][0]["origin"] == "person"
    assert row["confidence"] > before["ranking"][-1]["probability"]
    shown = shell.run(*rank("--answers", file)).answered()
    assert "a person said: f([3]) gives [6]" in shown.out
    events = [body["question"]["input"] for _, body in shell.events("consult")]
    assert "f([3])" in events
    assert {item for item, _ in shell.events("decision")} == {"T/1"}


def test_so_many_questions_and_no_more(shell: Shell) -> None:
    """Catches: --ask that --answers overrides, and a limit that is off by one."""
    file = answers(shell, of={"f([3])": None, "f([2])": "[4]", "f([3, 1])": "[6, 2]"})
    [row] = shell.run(*rank("--answers", file, "--ask", "1", "--json")).answered().rows
    assert (row["questions"], row["answers"]) == (1, [])
    [none] = shell.run(*rank("--answers", file, "--ask", "0", "--json")).answered().rows
    assert none["questions"] == 0


def test_an_answer_against_a_visible_test_is_said(shell: Shell) -> None:
    """Catches: an answer of a file that outvotes what is known to be right, without a word."""
    tests(shell, visible=["assert f([5]) == [25]"])
    file = answers(shell, of={"f([5])": "[10]"})
    done = shell.run(*rank("--answers", file, "--json")).answered()
    assert "contradicts the visible test" in done.err
    assert done.rows[0]["ranking"][0]["index"] == 1


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.jsonl", '{"task_id": "T/9", "input": "f([3])", "value": "[6]"}', "T/9"),
        ("a.jsonl", '{"task_id": "T/1", "input": "f([3])", "value": "six"}', "no value of Python"),
        ("a.jsonl", '{"task_id": "T/1"}', "line 1"),
        ("a.jsonl", "", "no answers"),
        ("a.jsonl", "{", "not JSON"),
        ("a.jsonl", '{"task_id": "T/1", "answers": {"f(1)": "1", "f( 1)": "2"}}', "two answers"),
        ("a.toml", '["T/1"]\n"f([3])" = "os.system(1)"', "no value of Python"),
        ("a.toml", '["T/1"', "a.toml"),
        ("a.toml", 'x = "1"', "no table"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(shell: Shell, name: str, content: str, word: str) -> None:
    """Catches: a traceback, an answer that is lost without a word, text that is evaluated."""
    shell.file(name, content)
    shell.run(*rank("--answers", name)).refused(2, word)


def test_toml_is_read(shell: Shell) -> None:
    """Catches: a documented form that is not."""
    shell.file("a.toml", '["T/1"]\n"f([3])" = "[6]"\n"f([3, 1])" = [6, 2]\n')
    [row] = shell.run(*rank("--answers", "a.toml", "--json")).answered().rows
    assert row["ranking"][0]["index"] == 0


def test_without_a_terminal_nothing_is_asked(shell: Shell) -> None:
    """Catches: a prompt that hangs a script."""
    shell.run(*rank("--ask", "2")).refused(2, "--ask", "terminal", "--answers")
    shell.file("f.py", "def f(x):\n    ...\n")
    model = shell.model(fenced(TWICE))
    done = shell.run("solve", "f.py", "--model", model, "--ask", "1", "--selector", "posterior")
    done.refused(2, "terminal")


def test_a_selector_that_asks_nothing_is_refused(shell: Shell) -> None:
    """Catches: --ask without any question and without a word."""
    shell.file("f.py", "def f(x):\n    ...\n")
    shell.file("a.jsonl", '{"task_id": "f.py", "input": "f(1)", "value": "2"}')
    done = shell.run(
        "solve",
        "f.py",
        "--model",
        shell.model("x"),
        "--answers",
        "a.jsonl",
        "--selector",
        "visible",
    )
    done.refused(2, "visible", "posterior")


def test_one_key_answers(shell: Shell) -> None:
    """Catches: a key that wants Enter, one that means nothing and gets no word, values that a
    program chooses to act on the screen."""
    samples(shell, TWICE, SQUARE, SQUARE + "\n#", "def f(x):\n    return '\\x1b[2J'")
    terminal = Terminal(shell, *rank("--ask", "1"))
    terminal.read_until(LAST)
    listed = terminal.shown.decode().rpartition("What is right here?")[2]
    assert "\x1b[2J" not in listed
    [key] = [line.split()[0] for line in listed.splitlines() if line.endswith(" [6]")]
    terminal.press(b"\x1b[A")  # an arrow
    terminal.read_until("the keys are 1 to 4, ? (don't know), q (no more questions)")
    terminal.press(key.encode())
    status, text = terminal.end()
    assert status == 0
    assert "a person said: f([3]) gives [6]" in text
    assert "sample 0, confidence" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_value_of_their_own(shell: Shell) -> None:
    """Catches: a typed value that no key leads to, one that is no value and stands, and a
    question put again that counts as a second."""
    terminal = Terminal(shell, *rank("--ask", "1"))
    terminal.read_until(LAST)
    terminal.press(b"4")
    terminal.read_until("Enter: not known")
    terminal.press(b"[6\n")
    terminal.read_until("That is no value of Python: [6")
    _, _, terminal.shown = terminal.shown.partition(b"That is no value")
    terminal.read_until(LAST)
    terminal.press(b"x4")  # a key that means nothing is nothing
    terminal.read_until("Enter: not known")
    terminal.press(b"[6]\n")
    status, text = terminal.end()
    assert status == 0
    assert "a person said: f([3]) gives [6]" in text


def test_ctrl_c_at_a_question_ends_it_all(shell: Shell) -> None:
    """Catches: a traceback, a terminal that is left without an echo, another status."""
    terminal = Terminal(shell, *rank("--ask", "1"))
    terminal.read_until(LAST)
    terminal.press(b"\x03")
    status, text = terminal.end()
    assert status == 130
    assert "Traceback" not in text
    assert text.strip().splitlines()[-1].startswith("assay: interrupted")


def test_enough_is_enough(shell: Shell) -> None:
    """Catches: a person who is asked on after q."""
    terminal = Terminal(shell, *rank("--ask", "3"))
    terminal.read_until(LAST)
    terminal.press(b"q")
    status, text = terminal.end()
    assert status == 0
    assert text.count("What is right here?") == 1


STUB = '''def f(x):
    """Change the list.

    >>> f([2])
    [4]
    """
    ...
'''


def test_solve_asks_what_its_candidates_differ_in(shell: Shell) -> None:
    """Catches: a question about what a visible test settles, an answer that does not bind, one
    that is not counted, printed or logged."""
    shell.file("f.py", STUB)
    model = shell.model(*(fenced(code) for code in (SQUARE, SQUARE, TWICE)))
    common = ("solve", "f.py", "--model", model, "--strategy", "sample(n=3)", "--selector")
    [before] = shell.run(*common, "posterior", "--json").answered().rows
    assert "a * a" in before["code"]
    terminal = Terminal(shell, *common, "posterior", "--ask", "1", "--json")
    terminal.read_until(LAST)
    listed = terminal.shown.decode().rpartition("What is right here?")[2]
    call, *values = [line.strip() for line in listed.splitlines() if line.strip()][:3]
    given = json.loads(call.removeprefix("f(").removesuffix(")"))
    wanted = str([2 * number for number in given])
    [key] = [value.split()[0] for value in values if value.endswith(wanted)]
    terminal.press(key.encode())
    status, text = terminal.end()
    row = json.loads(text.strip().splitlines()[-1])
    assert status == 0
    assert "a * 2" in row["code"]
    assert (row["questions"], row["status"]) == (1, "verified")
    assert row["visible"] == {"passed": 2, "total": 2}
    assert "answered by a person" in row["reason"]
    consulted = [body for _, body in shell.events("consult")]
    [body] = [body for body in consulted if body["reply"] and body["reply"]["asked"]]
    assert body["question"]["input"] == call
    assert row["answers"] == [{"input": call, "value": wanted, "by": "person"}]
    assert "no further question: no more are allowed" not in text  # quiet under --json
    assert shell.events("decision")[-1][1]["answers"][0]["origin"] == "person"
    known = {"task_id": "f.py", "input": call, "value": wanted}
    shell.file("a.jsonl", json.dumps(known))
    done = shell.run(*common, "posterior", "--answers", "a.jsonl").answered()
    assert "a * 2" in done.out
    assert f"a person said: {call} == {wanted}" in done.err


def test_an_answer_that_no_candidate_gives_fails_all(shell: Shell) -> None:
    """Catches: a program that is handed back as verified against what a person said."""
    shell.file("f.py", STUB)
    model = shell.model(*(fenced(code) for code in (SQUARE, SQUARE, TWICE)))
    arguments = ("solve", "f.py", "--model", model, "--strategy", "sample(n=3)", "--selector")
    terminal = Terminal(shell, *arguments, "posterior", "--ask", "1", "--json")
    terminal.read_until(LAST)
    terminal.press(b"3")
    terminal.read_until("Enter: not known")
    terminal.press(b"'none of it'\n")
    status, text = terminal.end()
    row = json.loads(text.strip().splitlines()[-1])
    assert (status, row["status"], row["questions"]) == (3, "failed", 1)


def test_one_candidate_is_no_question(shell: Shell) -> None:
    """Catches: a person disturbed where all programs are the same."""
    samples(shell, TWICE, TWICE)
    file = answers(shell, of={"f([3])": "[9]"})
    done = shell.run(*rank("--answers", file, "--json")).answered(4)
    [row] = done.rows
    assert (row["questions"], row["confidence"], row["abstained"]) == (0, 0, True)
    assert "known to be right" in row["reason"]
    shell.file("add.py", "def add(a, b):\n    ...\n")
    model = shell.model(right())
    shell.file("a.jsonl", '{"task_id": "add.py", "input": "add(1, 2)", "value": "3"}')
    more = ("--answers", "a.jsonl", "--selector", "posterior", "--json")
    [row] = shell.run("solve", "add.py", "--model", model, *more).rows
    assert row["questions"] == 0
    assert "no candidate was seen on add(1, 2)" in row["reason"]


def test_an_answer_about_an_unknown_input_is_said(shell: Shell) -> None:
    """Catches: a row of --answers that is dropped without a word."""
    file = answers(shell, of={"f([3])": "[6]", "f([77])": "[154]"})
    done = shell.run(*rank("--answers", file, "--json")).answered()
    assert "not used: no program was run on f([77])" in done.err
