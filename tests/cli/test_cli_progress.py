"""What is seen while a long command works, on a terminal and in a pipe."""

import threading
from pathlib import Path

import pytest
from cli_tools import Shell, Terminal, fenced, right

from assay.cli.labels import letters
from assay.cli.progress import Work, clock
from assay.cli.run import in_words
from assay.cli.screen import Screen
from assay.errors import UsageError

WRONG = fenced("def add(a, b):\n    return 0")


def test_cells_are_called_as_columns_of_a_spreadsheet() -> None:
    """Catches: two cells with one letter, and other letters than those of the report."""
    found = letters(703)
    assert found[:2] + found[25:28] == ["A", "B", "Z", "AA", "AB"]
    assert found[701:] == ["ZZ", "AAA"]
    assert len(set(found)) == len(found)


def test_what_is_left_is_told_by_this_process_alone() -> None:
    """Catches: results of before a kill that make the rest look near; an estimate from nothing."""
    work = Work(10, "result", done=4, before=4, start=0.0)
    assert "left" not in work.line()
    work.asked, work.spent = 1, 1234
    assert "4 of 10 results done  1,234 tokens  1 call in flight" in work.line()
    work.step(6)
    assert "10 of 10" in work.line()
    assert "left" not in work.line()
    assert (clock(59.9), clock(61), clock(3661)) == ("0:59", "1:01", "1:01:01")


def test_a_pipe_gets_whole_lines_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """Catches: silence for minutes; carriage returns and escapes in a file; lines after the end."""
    told = threading.Event()

    def line() -> str:
        told.set()
        return "0:30  1 of 2 results done"

    with Screen().live(line, every=0.01):
        assert told.wait(20)
    first = capsys.readouterr().err
    assert set(first.splitlines()) == {"0:30  1 of 2 results done"}
    assert "\r" not in first
    assert "\x1b" not in first
    assert capsys.readouterr().err == ""
    with Screen(quiet=True).live(line, every=0.01):
        pass
    with pytest.raises(UsageError), Screen().live(line, every=60):
        raise UsageError("not kept back by the thread")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("2 is not in the range 0<=x<=1.", "2 is not between 0 and 1"),
        ("0 is not in the range x>=1.", "0 is below 1, the least"),
        ("Input should be less than or equal to 1", "the most is 1"),
    ],
)
def test_a_range_is_said_in_words(said: str, words: str) -> None:
    assert in_words(said) == words


def test_a_comparison_is_seen_at_eighty_columns(tmp_path: Path) -> None:
    """Catches: results that do not say their cell; no clock, tokens or calls; a reason that is not
    told; a line that is too wide."""
    shell = Shell(tmp_path)
    rows = '{"id": "t/%d", "prompt": "add(a, b) number %d", "hidden": ["assert add(5, 5) == 10"]}\n'
    shell.file("t.jsonl", "".join(rows % (n, n) for n in range(2)))
    failing = {"match": "number 1", "error": "error", "text": f"503 busy {'for long ' * 20}"}
    model = shell.model(failing, right("number 0", delay=1.5))
    flags = ("--model", model, "--strategy", "sample,self_debug", "--jobs", "1")
    screen = Terminal(shell, "bench", "t.jsonl", *flags)
    screen.read_until("0 of 4 results done  0 tokens  1 call in flight")
    screen.read_until("2 of 4 results done")
    status, shown = screen.end()
    assert status == 1
    assert b"left" in screen.shown
    lines = [line.rstrip() for line in shown.splitlines()]
    assert [line for line in lines if len(line) > 80] == []
    assert "A  sample" in lines
    assert any(line.startswith("✓ verified   B t/0") or "B t/0" in line for line in lines)
    reasons = [line for line in lines if "NOT MEASURED: model: 503" in line]
    assert [line.split()[2] for line in reasons] == ["A", "B"]
    assert "2 of 4 NOT MEASURED and not in the rate (A 1, B 1):" in lines
    assert sum(line.startswith("  2 x model: 503 busy") for line in lines) == 1


def test_nothing_solved_is_said_plainly(tmp_path: Path) -> None:
    """Catches: pairs and leads of cells that solve nothing; `1 problems`."""
    shell = Shell(tmp_path)
    row = '{"id": "t", "prompt": "add(a, b)", "hidden": ["assert add(5, 5) == 10"]}\n'
    shell.file("t.jsonl", row)
    model = shell.model({"match": "", "text": WRONG})
    done = shell.run("bench", "t.jsonl", "--model", model, "--strategy", "sample,sample(n=2)")
    assert "Nothing is solved, so there is nothing to compare." in done.answered().out
    assert "1 problems" not in done.out
    assert " ahead" not in done.out
