"""`assay bench export` and `assay bench import`, as a person has them."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Shell, fenced, right

from assay.cli.bench_chosen import Machine
from assay.cli.bench_import import ImportFlags, bench_import
from assay.sandbox import Run
from assay.sandbox.scripted import ISOLATION, Scripted

WRONG = fenced("def add(a, b):\n    return 3")


def tasks(shell: Shell, **more: Any) -> str:
    """The second is of the test split, whatever `more` says."""
    rows = [
        {
            "id": f"t/{n}",
            "prompt": f"Write add(a, b) number {n}.",
            "tests": ["assert add(1, 2) == 3"],
            "hidden": ["assert add(5, 5) == 10"],
            **(more if n != 1 else {}),
        }
        for n in range(3)
    ]
    shell.file("tasks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return "tasks.jsonl"


def bench(shell: Shell, *flags: str, **more: Any) -> str:
    model = shell.model({"match": "number 2", "text": WRONG}, right())
    command = ("bench", tasks(shell, **more), "--model", model, "--strategy", "sample", *flags)
    [row] = shell.run(*command, "--json").answered().rows
    run: str = row["log"]
    return run


def test_a_run_goes_out_and_comes_back(tmp_path: Path) -> None:
    """Catches: programs that are graded otherwise when they come back, or a run that `compare`
    and `export` do not take."""
    shell = Shell(tmp_path)
    run = bench(shell)
    export = ("bench", "export", run, "--format", "evalplus", "--out", "out.jsonl")
    [said] = shell.run(*export, "--json").answered().rows
    assert said == {"run": run, "files": ["out.jsonl", "out_eval_results.json"]}
    shell.run(*export).answered()
    command = ("bench", "import", "out.jsonl", "--suite", "tasks.jsonl", "--name", "somebody")
    done = shell.run(*command).answered()
    assert "3 samples; over 3 problems with 1 each:\npass@1 66.7 %" in done.out
    [row] = shell.run(*command, "--json").answered().rows
    [cell] = row["cells"]
    assert (cell["model"], cell["solved"], cell["measured"]) == ("evalplus/somebody", 2, 3)
    assert (cell["visible_passed"], cell["false_positives"], cell["tokens"]) == (3, 1, None)
    [compared] = shell.run("bench", "compare", run, row["log"], "--json").answered().rows
    [pair] = compared["paired"]
    assert [pair[k] for k in ("both", "only_a", "only_b", "neither")] == [2, 0, 0, 1]
    again = ("bench", "export", row["log"], "--format", "evalplus", "--out", "again.jsonl")
    shell.run(*again).answered()
    files = [shell.folder / name for name in ("out.jsonl", "again.jsonl")]
    assert files[0].read_bytes() == files[1].read_bytes()
    shell.run("bench", "export", row["log"], "--format", "inspect").answered()


def test_several_samples_of_a_task_give_pass_at_k(tmp_path: Path) -> None:
    """Catches: samples that overwrite each other, a task with fewer samples that counts in k, a
    completion without its prompt, no program that is not measured."""
    shell = Shell(tmp_path)
    tasks(shell)
    good, bad = "def add(a, b):\n    return a + b\n", "def add(a, b):\n    return 3\n"
    rows = [("t/0", good), ("t/0", bad), ("t/1", bad), ("t/1", ""), ("t/2", good), ("t/9", good)]
    lines = [json.dumps({"task_id": task, "solution": code}) + "\n" for task, code in rows]
    shell.file("s.jsonl", "".join(lines))
    done = shell.run("bench", "import", "s.jsonl", "--suite", "tasks.jsonl", "--json").answered()
    [row] = done.rows
    [found] = row["pass@k"]
    assert (found["seeds"], found["problems"]) == (2, 2)
    assert found["pass@k"] == {"1": 0.25, "2": 0.5}
    assert [(cell["items"], cell["solved"]) for cell in row["cells"]] == [(3, 2), (2, 0)]
    assert row["paired"] == []
    assert "1 samples are of no task of the suite" in done.err


def test_a_completion_goes_on_where_evalplus_lets_it(tmp_path: Path) -> None:
    """Catches: a completion of MBPP+ put behind a text that is no code, so that no program of any
    model is one; a completion without the imports and the signature of its prompt."""
    shell = Shell(tmp_path)
    mbpp: dict[str, Any] = {
        "task_id": "Mbpp/2", "entry_point": "add", "base_input": [[1, 2], [5, 5]], "atol": 0,
        "prompt": '"""\nWrite a function to add two numbers.\nassert add(1, 2) == 3\n"""\n',
        "canonical_solution": "\ndef add(a, b):\n    return a + b\n", "plus_input": [[0, -1]],
    }  # fmt: skip
    code = "import math\n\n\ndef add(a, b):\n    "
    human = mbpp | {
        "task_id": "HumanEval/0", "prompt": f'{code}"""The sum."""\n',
        "canonical_solution": "    return a + b\n",
    }  # fmt: skip
    own: dict[str, Any] = {
        "id": "HumanEval/0", "prompt": code, "hidden": ["assert add(1, 2) == 3"],
    }  # fmt: skip
    body = "    return math.floor(a) + b\n"
    shapes = [
        ("mbpp+", mbpp, "\ndef add(a, b):\n    return a + b\n", "\ndef add(a, b):\n    return 3\n"),
        ("humaneval+", human, body, "    return 3\n"),
        ("own.jsonl", own, body.strip(), "return 4"),
    ]
    for suite, row, good, bad in shapes:
        shell.file("own.jsonl", json.dumps(row) + "\n")
        samples = [
            {"task_id": row.get("task_id", "HumanEval/0"), "completion": c} for c in (good, bad)
        ]
        shell.file("s.jsonl", "".join(json.dumps(sample) + "\n" for sample in samples))
        data = () if suite == "own.jsonl" else ("--data", "own.jsonl")
        done = shell.run("bench", "import", "s.jsonl", "--suite", suite, *data, "--json").answered()
        assert [cell["solved"] for cell in done.rows[0]["cells"]] == [1, 0], suite
    programs = [body["code"] for _, body in shell.events("result")]
    assert programs[0] == mbpp["prompt"] + shapes[0][2]
    tasks(shell)
    shell.file("s.jsonl", json.dumps({"task_id": "t/0", "completion": good}) + "\n")
    refused = shell.run("bench", "import", "s.jsonl", "--suite", "tasks.jsonl")
    refused.refused(2, "the text of t/0 is no code", "`solution`")


def test_import_leaves_out_what_bench_leaves_out(tmp_path: Path) -> None:
    """Catches: programs graded by tests that their own reference fails, or that nothing grades; a
    problem that is missing without a word; a failure of the sandbox taken for a verdict."""
    shell = Shell(tmp_path)
    good = "def add(a, b):\n    return a + b\n"
    row = {
        "prompt": "Write add(a, b).", "entry_point": "add",
        "hidden": ["assert add(5, 5) == 10", "assert add(1, 1) == 2"],
    }  # fmt: skip
    rows = [
        row | {"id": "good", "canonical_solution": good},
        row | {"id": "broken", "canonical_solution": good.replace("+", "-")},
        row | {"id": "bare", "hidden": []},
        row | {"id": "far", "language": "rust"},
    ]
    shell.file("tasks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    samples = [{"task_id": row["id"], "solution": good} for row in rows]
    shell.file("s.jsonl", "".join(json.dumps(sample) + "\n" for sample in samples))
    shell.run("bench", "audit", "tasks.jsonl", "--limit", "3").answered(3)
    path = tmp_path / "bin"
    path.mkdir()
    command = ("bench", "import", "s.jsonl", "--suite", "tasks.jsonl", "--json")
    done = shell.run(*command, PATH=str(path)).answered()
    model = shell.model(right("add"))
    bench = ("bench", "tasks.jsonl", "--model", model, "--strategy", "sample", "--json")
    told = shell.run(*bench, PATH=str(path)).answered()
    [out] = done.rows
    assert (out["cells"][0]["items"], out["cells"][0]["solved"]) == (1, 1)
    assert [*out["left_out"]] == ["bare", "broken", "far"]
    assert out["left_out"] == told.rows[0]["left_out"]
    for line in (
        "1 of 4 problems LEFT OUT: reference fails (broken)",
        "1 of 4 problems LEFT OUT: no hidden tests (bare)",
        "1 of 4 problems LEFT OUT: no toolchain for rust here",
    ):
        assert line in done.err
        assert line in told.err
    assert "no task of the suite" not in done.err
    kept = shell.run(*command, "--keep-bad", PATH=str(path)).answered()
    assert kept.rows[0]["cells"][0]["items"] == 2
    ends = [body.get("left_out") for _, body in shell.events("end")]
    assert ends == [None, out["left_out"], out["left_out"], kept.rows[0]["left_out"]]
    shell.file("s.jsonl", json.dumps(samples[1]) + "\n")
    none = shell.run(*command)
    assert (none.code, none.out) == (2, "")
    assert "no sample is of tasks.jsonl" in none.err


def test_runs_of_something_else_grade_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches: answers of a sandbox that got mixed up, believed by `import` and not by `bench`."""
    shell = Shell(tmp_path)
    monkeypatch.chdir(shell.folder)
    tasks(shell)
    code = "def add(a, b):\n    return a + b\n"
    shell.file("s.jsonl", json.dumps({"task_id": "t/0", "solution": code}) + "\n")
    other = Run(verdicts=(), isolation=ISOLATION, outcome="passed", job="of another")
    monkeypatch.setattr(Machine, "open", lambda self: Scripted([other] * 8))
    flags = ImportFlags(
        format="evalplus", suite="tasks.jsonl", data=None, name=None, keep_bad=False,
        log=tmp_path / "other.db", cache=True, unsafe=False, tier=None, remote=None, jobs=1,
        json=True,
    )  # fmt: skip
    assert bench_import(Path("s.jsonl"), flags) == 1
    [cell] = json.loads(capsys.readouterr().out)["cells"]
    assert (cell["items"], cell["measured"]) == (1, 0)


def test_what_cannot_be_imported_is_refused(tmp_path: Path) -> None:
    """Catches: a traceback, a run without results, programs that nothing grades."""
    shell = Shell(tmp_path)
    tasks(shell)
    shell.file("s.jsonl", '{"task_id": "other/0", "solution": "x = 1"}\n')
    shell.file("bare.jsonl", '{"id": "other/0", "prompt": "Do."}\n')
    command = ("bench", "import", "s.jsonl", "--suite")
    shell.run(*command, "tasks.jsonl").refused(2, "no sample is of tasks.jsonl", "'other/0'")
    shell.run(*command, "bare.jsonl").refused(2, "no problem of bare.jsonl has hidden tests")
    shell.run(*command, "tasks.jsonl", "--format", "csv").refused(2, "unknown format 'csv'")
    shell.run("bench", "import", "no.jsonl", "--suite", "tasks.jsonl").refused(2, "no such file")
    assert not shell.events("result")


def test_only_problems_to_train_on_become_rows(tmp_path: Path) -> None:
    """Catches: a test suite that a model is trained on because nobody said so."""
    shell = Shell(tmp_path)
    run = bench(shell)
    export = ("bench", "export", run, "--format", "trl", "--out", "rows.jsonl")
    shell.run(*export).refused(2, "tasks.jsonl is a test suite", "--allow-test-split")
    shell.run(*export, "--allow-test-split").answered()
    assert [row["split"] for row in rows_of(shell)] == ["test"] * 3
    run = bench(shell, split="train")
    export = ("bench", "export", run, *export[3:])
    done = shell.run(*export, "--hidden").answered()
    assert "1 problems are of the test split and left out" in done.err
    assert [(row["task_id"], row["split"]) for row in rows_of(shell)] == [
        ("t/0", "train"),
        ("t/2", "train"),
    ]
    assert "add(5, 5)" in rows_of(shell)[0]["hidden_tests"][0]


def rows_of(shell: Shell) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shell.folder / "rows.jsonl").read_text().splitlines()]


def test_flags_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    """Catches: a flag that is silently ignored, a file with the wrong ending, two cells in one."""
    shell = Shell(tmp_path)
    run = bench(shell, "--selector", "visible,agreement")
    export = ("bench", "export", run, "--format")
    shell.run(*export, "evalplus").refused(2, "--cell", "1: ", "2: ")
    one = ("--cell", "agreement")
    shell.run(*export, "evalplus", *one, "--hidden").refused(2, "evalplus holds no tests")
    shell.run(*export, "evalplus", *one, "--out", "x.txt").refused(2, "ends with .jsonl")
    shell.run(*export, "evalpuls", *one).refused(2, "Did you mean 'evalplus'?")
    shell.run("bench", "export", "nowhere", "--format", "trl").refused(2, "no run 'nowhere'")
    shell.file("taken", "")
    shell.run(*export, "inspect", *one, "--out", "taken/b.eval").refused(2, "--out taken/b.eval")


def test_a_run_of_solve_goes_out_too(tmp_path: Path) -> None:
    """Catches: a log of `solve`, which has no cells, taken for one of another version."""
    shell = Shell(tmp_path)
    model = shell.model({"match": "number 2", "text": WRONG}, right())
    solve = ("solve", tasks(shell), "--model", model, "--strategy", "sample")
    rows = shell.run(*solve, "--out", "own.jsonl", "--json").answered().rows
    run = rows[0]["log"].partition("/")[0]
    shell.run("bench", "export", run, "--format", "evalplus", "--out", "x.jsonl").answered()
    ours, own = ((shell.folder / name).read_text() for name in ("x.jsonl", "own.jsonl"))
    assert ours == own
    shell.run("bench", "export", run, "--format", "inspect", "--out", "x.eval").answered()
    rows_wanted = ("bench", "export", run, "--format", "trl", "--out", "rows.jsonl")
    shell.run(*rows_wanted, "--allow-test-split").answered()
    assert len(rows_of(shell)) == 3
