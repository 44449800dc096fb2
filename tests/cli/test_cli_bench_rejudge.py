"""`assay bench rejudge`: stored programs, other tests, no model."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Shell, fenced

EDGE = "def area(r):\n    for _ in range(r * 10_000_000):\n        pass\n    return 3.14 * r * r"
EXACT = "import math\n\ndef area(r):\n    return math.pi * r * r"
SPACED = "print('1  2')"


def tasks(shell: Shell, name: str = "tasks.jsonl", hidden: str = "12.56") -> str:
    rows: list[dict[str, Any]] = [
        {
            "id": f"t/{n}",
            "prompt": f"Write area(r) number {n}.",
            "entry_point": "area",
            "tests": ["assert area(0) == 0"],
            "hidden": [f"assert area(2) == {hidden}"],
        }
        for n in range(2)
    ]
    out = {"kind": "io", "stdin": "", "expected": "1 2"}
    rows.append({"id": "t/2", "prompt": "Print 1 2 number 2.", "hidden": [out]})
    shell.file(name, "".join(json.dumps(row) + "\n" for row in rows))
    return name


def begun(tmp_path: Path) -> tuple[Shell, str]:
    """A run: 3.14 is right by the hidden tests, pi is wrong, two blanks are wrong."""
    shell = Shell(tmp_path)
    model = shell.model(
        {"match": "number 0", "text": fenced(EDGE)},
        {"match": "number 1", "text": fenced(EXACT)},
        {"match": "number 2", "text": fenced(SPACED)},
    )
    done = shell.run("bench", tasks(shell), "--model", model, "--strategy", "sample", "--json")
    [row] = done.answered().rows
    assert row["cells"][0]["solved"] == 1
    (shell.folder / "model.json").unlink()
    return shell, row["log"]


def again(shell: Shell, run: str, *flags: str) -> dict[str, Any]:
    [row] = shell.run("bench", "rejudge", run, *flags, "--json").answered().rows
    return dict(row)


def changes(row: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {one["problem"]: (one["was"], one["now"]) for one in row["changed"]}


def test_the_same_terms_change_nothing_and_the_runs_compare(tmp_path: Path) -> None:
    """Catches: a verdict that depends on who asks for it, a result that is lost on the way, a run
    that `bench compare` cannot take."""
    shell, run = begun(tmp_path)
    row = again(shell, run, "--all")
    assert (row["of"], row["changed"], row["answers"]) == (run, [], 3)
    assert row["cells"][0]["solved"] == 1
    assert row["reached"][0]["any_right"] == 1
    assert row["cells"][0]["mrr"] == 1 / 3
    compared = shell.run("bench", "compare", run, row["log"], "--json").answered().rows[0]
    assert compared["problems"] == 3
    assert list(compared["differs"]) == ["rejudged"]
    assert [c["solved"] for c in compared["cells"]] == [1, 1]
    assert len(shell.events("completion")) == 3, "no model was asked"
    anew = again(shell, row["log"], "--no-cache")
    assert (anew["of"], anew["changed"], anew["cached_runs"]) == (row["log"], [], 0)
    assert "tests 1/1" in shell.run("show", row["log"]).answered().out


@pytest.mark.slow
def test_other_tolerance_comparison_and_limits_count(tmp_path: Path) -> None:
    """Catches: a flag that reaches no test, or one too many."""
    shell, run = begun(tmp_path)
    assert changes(again(shell, run, "--tolerance", "0.01")) == {"t/1": (False, True)}
    assert changes(again(shell, run, "--comparison", "tokens")) == {"t/2": (False, True)}
    assert changes(again(shell, run, "--comparison", "exact")) == {}
    short = again(shell, run, "--time", "0.05")
    assert changes(short) == {"t/0": (True, False)}
    assert "timeout" in short["changed"][0]["why"]
    shell.run("bench", "compare", run, short["log"]).refused(2, "graded by other tests")
    text = shell.run("bench", "rejudge", run, "--tolerance", "0.01").answered()
    assert "t/1" in text.out
    assert "wrong" in text.out
    assert "right" in text.out
    assert "1 of 3 verdicts changed." in text.out
    for flag, value in (("--comparison", "vague"), ("--time", "0"), ("--tolerance", "-1")):
        shell.run("bench", "rejudge", run, flag, value).refused(2, flag)


def test_other_tests_by_id_and_a_suite_that_is_gone(tmp_path: Path) -> None:
    """Catches: a verdict without tests, tests of another problem, a crash where the file is gone,
    hidden tests that the log had."""
    shell, run = begun(tmp_path)
    other = tasks(shell, "other.jsonl", hidden="12.566370614359172")
    rows = (shell.folder / other).read_text().splitlines()[::-1]
    shell.file(other, "\n".join(rows[1:]))
    (shell.folder / "tasks.jsonl").unlink()
    shell.run("bench", "rejudge", run).refused(2, "tasks.jsonl", "never in the log", "--hidden")
    done = shell.run("bench", "rejudge", run, "--hidden", other, "--json").answered()
    [row] = done.rows
    assert "1 problems" in done.err
    assert changes(row) == {"t/0": (True, False), "t/1": (False, True)}
    assert row["cells"][0]["items"] == 2
    assert "12.56" not in json.dumps(shell.events("problem"))
    tasks(shell)
    shell.file("none.jsonl", '{"id": "x", "prompt": "p", "hidden": ["assert x() == 1"]}\n')
    shell.run("bench", "rejudge", run, "--hidden", "none.jsonl").refused(2, "no problem of run")
    shell.run("bench", "rejudge", run, "--hidden", "other.jsonl", "--comparison", "exact").refused(
        2, "--comparison exact", "no hidden test"
    )


def test_a_second_run_shares_what_was_judged(tmp_path: Path) -> None:
    """Catches: work done over; a verdict out of the log that does not say so; `--no-cache` that
    shares all the same."""
    shell, _ = begun(tmp_path)
    tasks(shell)
    model = shell.model(
        {"match": "number 0", "text": fenced(EDGE)},
        {"match": "number 1", "text": fenced(EXACT)},
        {"match": "number 2", "text": fenced(SPACED)},
    )
    flags = ("bench", "tasks.jsonl", "--model", model, "--strategy", "sample", "--json")
    shared, anew = (shell.run(*flags, *more).answered().rows[0] for more in ((), ("--no-cache",)))
    assert [cell["solved"] for row in (shared, anew) for cell in row["cells"]] == [1, 1]
    assert shared["cells"][0]["cached_runs"] >= 5
    assert anew["cells"][0]["cached_runs"] == 0


def test_what_is_made_of_a_rejudged_run_has_its_own_verdicts(tmp_path: Path) -> None:
    """Catches: a report, a comparison's page, or an export that shows the grade of the origin
    beside the new verdict; an export that finds no problem, or tests that are not its own."""
    shell, run = begun(tmp_path)
    tests = ["assert area(2) == 1"]
    rows = [{"id": f"t/{n}", "prompt": "p", "entry_point": "area", "hidden": tests} for n in (1, 2)]
    shell.file("other.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    new = again(shell, run, "--hidden", "other.jsonl", "--tolerance", "0.5")["log"]
    [told] = shell.run("bench", "report", new, "--json").answered().rows
    assert [row["kind"] for row in told["results"]] == ["false_positive", "raised"]
    [told] = shell.run("bench", "report", run, "--json").answered().rows
    assert [row["kind"] for row in told["results"]] == ["solved", "false_positive", "wrong"]
    export = ("bench", "export", new, "--out")
    shell.run(*export, "x.eval", "--format", "inspect").answered()
    with zipfile.ZipFile(shell.folder / "x.eval") as archive:
        [raised] = [
            json.loads(archive.read(name))
            for name in archive.namelist()
            if name.startswith("samples/t/2")
        ]
    score = raised["scores"]["hidden_tests"]
    assert (score["value"], score["explanation"]) == ("I", "test:1: raised")
    assert [event["event"] for event in raised["events"]].count("model") == 1
    trl = ("--format", "trl", "--allow-test-split", "--hidden")
    shell.run(*export, "rows.jsonl", *trl).answered()
    written = [json.loads(line) for line in (shell.folder / "rows.jsonl").read_text().splitlines()]
    assert [row["task_id"] for row in written] == ["t/1", "t/2"]
    [hidden] = written[0]["hidden_tests"]
    assert json.loads(hidden)["tolerance"] == 0.5
    assert written[1]["prompt"][-1]["content"].find("number 2") >= 0, "as the run asked it"
