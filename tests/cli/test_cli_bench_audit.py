"""`assay bench audit` and `--list`, and that a comparison leaves out what an audit found."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Shell, right, until

GOOD: dict[str, Any] = {
    "prompt": "Write add(a, b).",
    "entry_point": "add",
    "tests": ["assert add(1, 2) == 3"],
    "hidden": ["assert add(5, 5) == 10", "assert add(0, 1) == 1"],
    "canonical_solution": "def add(a, b):\n    return a + b\n",
}
ROWS: list[dict[str, Any]] = [
    GOOD | {"id": "good"},
    GOOD | {"id": "broken", "canonical_solution": "def add(a, b):\n    return a - b\n"},
    GOOD | {"id": "any value", "hidden": ["assert add(5, 5) == 10 or True"]},
    GOOD | {"id": "contrary\u202e", "tests": ["assert add(1, 2) == 4"]},
]


def suite(shell: Shell, rows: list[dict[str, Any]] = ROWS) -> str:
    shell.file("tasks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return "tasks.jsonl"


def problems(shell: Shell, *flags: str) -> dict[str, Any]:
    model = shell.model(right("add"))
    done = shell.run("bench", "tasks.jsonl", "--model", model, "--strategy", "sample", *flags)
    return {"err": done.answered().err, "items": done.rows[0]["cells"][0]["items"], **done.rows[0]}


@pytest.mark.slow
def test_bad_problems_are_named_and_left_out(tmp_path: Path) -> None:
    """Catches: a comparison over problems that are known to be bad, one that does not say what it
    left out, and an edited problem that stays left out."""
    shell = Shell(tmp_path)
    suite(shell)
    assert problems(shell, "--json")["items"] == 4
    audited = shell.run("bench", "audit", "tasks.jsonl").answered(3)
    lines = audited.out.splitlines()
    assert [line.partition("  ")[0] for line in lines[:-1]] == [
        "broken", "any value", "contrary\\u202e",
    ]  # fmt: skip
    assert lines[-1].startswith("3 of 4 problems are bad")
    left = problems(shell, "--json")
    assert (left["items"], list(left["left_out"])) == (1, ["broken", "any value", "contrary\u202e"])
    assert left["left_out"]["any value"] == "accepts nothing"
    model = shell.model(right("add"))
    said = shell.run("bench", "tasks.jsonl", "--model", model, "--strategy", "sample").err
    assert "1 of 4 problems LEFT OUT: reference fails (broken)" in said
    assert "1 of 4 problems LEFT OUT: contradiction (contrary\\u202e)" in said
    assert problems(shell, "--json", "--keep-bad")["items"] == 4
    bench = ("bench", "tasks.jsonl", "--model", model, "--limit", "1")
    suite(shell, ROWS[1:])
    shell.run(*bench).refused(2, "no problem is left: reference fails (--keep-bad")
    suite(shell, [*ROWS[:1], ROWS[1] | {"prompt": "Write add(a, b)!"}, *ROWS[2:]])
    assert problems(shell, "--json")["items"] == 2


def test_an_audit_is_not_done_twice(tmp_path: Path) -> None:
    """Catches: hours of runs again after an interruption; fewer runs taken for more."""
    shell = Shell(tmp_path)
    name = suite(shell)
    first = shell.run("bench", "audit", name, "--limit", "2", "--json").answered(3).rows[0]
    assert [row["problem"] for row in first["bad"]] == ["broken"]
    count = len(shell.events("audit"))
    second = shell.run("bench", "audit", name, "--json").answered(3).rows[0]
    assert (count, len(shell.events("audit"))) == (2, 4)
    assert [row["problem"] for row in second["bad"]][:2] == ["broken", "any value"]
    shell.run("bench", "audit", name, "--repeat", "4").answered(3)
    assert len(shell.events("audit")) == 8
    assert "4 of 4 problems are audited already" in shell.run("bench", "audit", name).err
    shell.run("bench", "audit", name, "--again").answered(3)
    assert len(shell.events("audit")) == 12
    runs = shell.run("log").out
    assert "audit" in runs
    assert "audited    broken" in shell.run("show", runs.split()[0]).answered().out


def test_an_audit_of_another_tier_is_no_verdict_here(tmp_path: Path) -> None:
    """Catches: what was found without isolation, or on another tier, taken for true here; that a
    problem which was left out yesterday is back without a word."""
    shell = Shell(tmp_path)
    name = suite(shell, ROWS[:2])
    shell.run("bench", "audit", name, "--unsafe").answered(3)
    model = shell.model(right("add"))
    bench = ("bench", name, "--model", model, "--strategy", "sample", "--json")
    here = shell.run(*bench).answered()
    assert (here.rows[0]["cells"][0]["items"], here.rows[0]["left_out"]) == (2, {})
    assert "1 problems are TAKEN that an audit found bad on another tier" in here.err
    there = shell.run(*bench, "--unsafe").answered()
    assert there.rows[0]["left_out"] == {"broken": "reference fails"}
    assert "TAKEN" not in there.err
    count = len(shell.events("audit"))
    shell.run("bench", "audit", name).answered(3)
    assert len(shell.events("audit")) == count + 2
    here = shell.run(*bench).answered()
    assert here.rows[0]["left_out"] == {"broken": "reference fails"}
    assert "TAKEN" not in here.err


def test_problems_that_nothing_grades_are_left_out_by_name(tmp_path: Path) -> None:
    """Catches: problems without hidden tests that are paid for and give no verdict; a suite of
    nothing else that is begun."""
    shell = Shell(tmp_path)
    bare = {key: value for key, value in GOOD.items() if key != "hidden"}
    name = suite(shell, [GOOD | {"id": "good"}, bare | {"id": "b1"}, bare | {"id": "b2"}])
    done = problems(shell, "--json")
    assert (done["items"], done["left_out"]) == (
        1, {"b1": "no hidden tests", "b2": "no hidden tests"}
    )  # fmt: skip
    assert "2 of 3 problems LEFT OUT: no hidden tests (b1, b2)" in done["err"]
    calls = len(shell.events("completion"))
    assert calls == 1
    name = suite(shell, [bare | {"id": "b1"}, bare | {"id": "b2"}])
    bench = ("bench", name, "--model", shell.model(right("add")), "--strategy", "sample")
    runs = shell.run("log").out
    for flags in ((), ("--json",), ("--dry-run",), ("--keep-bad",)):
        shell.run(*bench, *flags).refused(
            2, f"no problem of {name} has hidden tests", "assay solve"
        )
    assert (len(shell.events("completion")), shell.run("log").out) == (calls, runs)


@pytest.mark.slow
def test_a_killed_audit_goes_on(tmp_path: Path) -> None:
    """Catches: what an audit has found lost with the process."""
    shell = Shell(tmp_path)
    slow = "import time\ntime.sleep(0.2)\n"
    rows = [
        GOOD | {"id": f"p{n}", "canonical_solution": slow + GOOD["canonical_solution"]}
        for n in range(12)
    ]
    name = suite(shell, rows)
    process = shell.start("bench", "audit", name, "--jobs", "1")
    until(lambda: len(shell.events("audit")) >= 2)
    process.kill()
    process.communicate()
    done = len(shell.events("audit"))
    assert done < 12
    assert shell.run("bench", "audit", name).answered().out.startswith("0 of 12")
    found = [item for item, _ in shell.events("audit")]
    assert sorted(found) == sorted({row["id"] for row in rows})


def test_rows_that_have_a_problem_are_named(tmp_path: Path) -> None:
    """Catches: near-duplicates that do not change the exit status, or are not in the JSON."""
    shell = Shell(tmp_path)
    prompt = (
        "Write a function add(a, b) that gives the sum of two numbers, where each of them may be "
        "negative, and zero counts as a number too; it never raises."
    )
    name = suite(shell, [GOOD | {"id": "good", "prompt": prompt}])
    text = "Please! " + prompt.replace("add(a, b)", "add( a , b )").replace(" ", "\n")
    shell.file("train.jsonl", json.dumps({"messages": [{"role": "user", "content": text}]}) + "\n")
    flags = ("bench", "audit", name, "--against", "train.jsonl")
    [row] = shell.run(*flags, "--json").answered(3).rows
    [pair] = row["duplicates"]
    assert (pair["problem"], pair["part"], pair["row"]) == ("good", "prompt", "train.jsonl, line 1")
    assert "of its prompt is in train.jsonl, line 1" in shell.run(*flags).answered(3).out
    shell.file("train.jsonl", '{"text": "nothing of the kind"}\n')
    assert shell.run(*flags, "--json").answered().rows[0]["duplicates"] == []
    shell.file("train.jsonl", "{}\n")
    shell.run(*flags).refused(2, "train.jsonl, line 1", "no text")


def test_what_could_not_be_measured_is_said(tmp_path: Path) -> None:
    """Catches: a failure of ours called the problem's, and a suite that looks clean with it."""
    shell = Shell(tmp_path)
    name = suite(shell, [GOOD | {"id": "x", "language": "klingon"}])
    [row] = shell.run("bench", "audit", name, "--json").answered(1).rows
    assert (row["bad"], list(row["unmeasured"])) == ([], ["x"])
    done = shell.run("bench", "audit", name).answered(1)
    assert "NOT MEASURED" in done.err
    assert "0 of 0 problems" in done.out
    assert shell.events("audit") == []


@pytest.mark.parametrize("flags", [("--list",), ("--list", "--json")])
def test_the_suites_are_listed(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """Catches: a list that fetches something, or hides the licence of a suite."""
    shell = Shell(tmp_path)
    done = shell.run("bench", *flags).answered()
    for word in ("humaneval+", "mbpp+", "quixbugs", "livecodebench", "harbor", "Apache-2.0", "164"):
        assert word in done.out
    if "--json" in flags:
        rows = {row["suite"]: row for row in done.rows[0]["suites"]}
        assert rows["mbpp+"]["here"] is False
        assert rows["livecodebench"]["size"] is None
        assert all(
            {"licence", "size", "source", "here", "get"} <= row.keys() for row in rows.values()
        )
    shell.run("bench").refused(2, "--list")
