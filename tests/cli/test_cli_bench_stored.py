"""Stored runs as a person has them: their budget, their problems, what they were asked, their cost,
their line in `assay log`."""

import csv
import json
import random
import time
from pathlib import Path
from typing import Any

from cli_tools import Shell, Terminal, chat_server, fenced, right, until

from assay.bench.unmeasured import CUT_OFF

GOOD = "def add(a, b):\n    return a + b\n"
RIGHT = fenced(GOOD)
WRONG = fenced("def add(a, b):\n    return 3")


def tasks(shell: Shell, count: int = 3, name: str = "tasks.jsonl", **more: Any) -> str:
    rows = [
        {
            "id": f"t/{n}",
            "prompt": f"Write add(a, b) number {n}.",
            "entry_point": "add",
            "tests": ["assert add(1, 2) == 3"],
            "hidden": ["assert add(5, 5) == 10", "assert add(0, 1) == 1"],
            "canonical_solution": GOOD,
            **more,
        }
        for n in range(count)
    ]
    shell.file(name, "".join(json.dumps(row) + "\n" for row in rows))
    return name


def bench(shell: Shell, *flags: str, **variables: str) -> dict[str, Any]:
    line = ("bench", "tasks.jsonl", "--json", *flags)
    [row] = shell.run(*line, **variables).answered().rows
    return row


def test_a_total_budget_holds_through_kills(tmp_path: Path) -> None:
    """Catches: calls of problems that a kill cut off, or under way when it came, that are not
    counted when the run goes on."""
    shell = Shell(tmp_path)
    tasks(shell, 8)
    most, chance = 16, random.Random(5)

    def reply(messages: list[Any]) -> str:
        time.sleep(0.02)
        return WRONG.replace("3", f"0 * {len(messages)} + {chance.randrange(99)}")

    with chat_server(reply) as server:
        flags = ("tasks.jsonl", "--model", "openai/x", "--strategy", "sample(n=4)", "--jobs", "2")
        line = ("bench", *flags, "--total-budget", f"calls={most}", "--json")
        where = {"OPENAI_BASE_URL": server.address, "OPENAI_API_KEY": "none"}
        resume: tuple[str, ...] = ()
        for after in (2, 5):
            process = shell.start(*line, *resume, **where)
            until(lambda after=after: len(server.asked) >= after)  # type: ignore[misc]
            process.kill()
            process.communicate(timeout=20)
            resume = ("--resume",)
        done = shell.run(*line, "--resume", **where).answered(5)
        asked = len(server.asked)
        assert 5 < asked <= most
        [row] = done.rows
        [cell] = row["cells"]
        assert cell["unmeasured_why"] == [{"why": CUT_OFF, "results": cell["unmeasured"]}]
        assert cell["measured"] + cell["unmeasured"] == 8
        [told] = shell.run("bench", "report", row["log"], "--json").answered().rows
        assert told["cells"][0]["unmeasured_why"] == cell["unmeasured_why"]
        assert {one.get("reason") for one in told["results"] if one["kind"] == "unmeasured"} == {
            "total budget"
        }
        again = shell.run(*line, "--resume", **where).answered(5).rows[0]["cells"][0]
        assert len(server.asked) <= most
        assert again["unmeasured"] <= cell["unmeasured"]


def test_what_the_total_cut_off_stands_in_the_table(tmp_path: Path) -> None:
    """Catches: a table of two of three problems that does not say why; one that is too wide."""
    shell = Shell(tmp_path)
    flags = (tasks(shell), "--model", shell.model(right()), "--strategy", "sample,self_debug")
    line = ("bench", *flags, "--total-budget", "calls=5", "--jobs", "1")
    status, shown = Terminal(shell, *line).end()
    assert status == 5
    assert [text for text in shown.splitlines() if len(text) > 80] == []
    table = shown[shown.index("cell  ") :]
    rows = [text for text in table.splitlines() if text.startswith(("A ", "B "))]
    assert ["3/3" in rows[0], "2/2" in rows[1]] == [True, True]
    said = " ".join(table.split())
    assert f"1 of 6 NOT MEASURED and not in the rate (B 1): 1 x {CUT_OFF}" in said


def test_an_audit_meanwhile_does_not_change_the_run(tmp_path: Path) -> None:
    """Catches: a run that can no longer be resumed, or goes on with other problems, because of
    what was found since; a difference that is not said."""
    shell = Shell(tmp_path)
    tasks(shell)
    rows = (shell.folder / "tasks.jsonl").read_text().splitlines()
    broken = json.loads(rows[1]) | {"canonical_solution": "def add(a, b):\n    return a - b\n"}
    shell.file("tasks.jsonl", "\n".join([rows[0], json.dumps(broken), rows[2]]) + "\n")
    slow = shell.model(right("number 0"), right(delay=30))
    flags = ("--model", slow, "--strategy", "sample", "--jobs", "1")
    process = shell.start("bench", "tasks.jsonl", *flags)
    try:
        until(lambda: len(shell.events("result")) == 1)
    finally:
        process.kill()
        process.communicate()
    run = shell.run("log", "--json").answered().rows[0]["id"]
    shell.run("bench", "audit", "tasks.jsonl").answered(3)
    shell.model(right())
    done = shell.run("bench", "tasks.jsonl", *flags, "--resume", "--json").answered()
    [row] = done.rows
    assert (row["log"], row["left_out"]) == (run, {})
    assert [cell["items"] for cell in row["cells"]] == [3]
    assert "1 problems would be left out by now: t/1 (reference fails" in done.err
    assert "keeps those that it began with" in done.err
    new = bench(shell, *flags)
    assert (list(new["left_out"]), new["cells"][0]["items"]) == (["t/1"], 2)
    again = shell.run("bench", "tasks.jsonl", *flags, "--resume", "--json").answered()
    assert again.rows[0]["log"] == new["log"]
    assert "would be" not in again.err
    shell.run("bench", "tasks.jsonl", *flags, "--resume", "--limit", "1").refused(2, "very flags")


def test_a_run_goes_on_as_it_was_judged(tmp_path: Path) -> None:
    """Catches: one run under two tiers or prices, without a word; a report that cannot say them."""
    shell = Shell(tmp_path)
    flags = ("--model", shell.model(right()), "--strategy", "sample")
    tasks(shell)
    run = bench(shell, *flags, "--price", "1,2", "--limit", "1")["log"]
    line = ("bench", "tasks.jsonl", *flags, "--limit", "1", "--resume")
    shell.run(*line, "--price", "1,2", "--unsafe").refused(2, run, "unsafe False")
    shell.run(*line, "--price", "1,3").refused(2, run, "price '1,2'")
    [told] = shell.run("bench", "report", run, "--json").answered().rows
    settings = told["runs"][0]["settings"]
    assert {name: settings[name] for name in ("tier", "unsafe", "remote", "price")} == {
        "tier": None, "unsafe": False, "remote": None, "price": "1,2",
    }  # fmt: skip
    [event] = [body for _, body in shell.events("isolation")]
    assert settings["isolation"] == event["tier"] != ""


def test_runs_that_were_asked_otherwise_are_told_apart(tmp_path: Path) -> None:
    """Catches: a comparison that says nothing of other texts, feedback, samples, people or terms;
    a page that leaves them out; settings as Python prints them."""
    shell = Shell(tmp_path)
    model = ("--model", shell.model(right()))
    tasks(shell)
    a = bench(shell, *model, "--strategy", "sample")["log"]
    tasks(shell, tests=["assert add(2, 2) == 4"])
    b = bench(
        shell, *model, "--strategy", "sample(n=2)", "--condition", "compiler", "--temperature",
        "0.5", "--selector", "posterior", "--ask", "2",
    )["log"]  # fmt: skip
    line = ("bench", "compare", a, b)
    done = shell.run(*line, "--report", "two.html", "--json").answered()
    [row] = done.rows
    names = {"strategy", "selector", "feedback", "condition", "temperature", "ask"}
    assert set(row["differs"]) == names
    assert row["differs"]["strategy"] == [["sample"], ["sample(n=2)"]]
    assert row["asked_otherwise"] == ["t/0", "t/1", "t/2"]
    assert "the runs differ in ask: 0 and 2" in row["differences"]
    assert "t/0 and 2 more had another text, other visible tests or limits" in row["differences"]
    page = (shell.folder / "two.html").read_text()
    for text in row["differences"]:
        assert text in page
    told = shell.run(*line).answered().err
    assert "differ in condition: none and compiler" in told
    new = shell.run("bench", "rejudge", a, "--hidden", "tasks.jsonl", "--json").answered().rows[0]
    said = shell.run("bench", "compare", a, new["log"]).answered().err
    assert f"differ in rejudged: as first graded and rejudge of {a}\n" in said
    assert "had another text" not in said
    assert "{" not in said


def imported(shell: Shell, *flags: str) -> dict[str, Any]:
    rows = [{"task_id": f"t/{n}", "solution": GOOD} for n in range(3)]
    shell.file("s.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    line = ("bench", "import", "s.jsonl", "--suite", "tasks.jsonl", "--json", *flags)
    [row] = shell.run(*line).answered().rows
    return dict(row)


def test_what_imported_programs_cost_is_not_known(tmp_path: Path) -> None:
    """Catches: programs that somebody paid for which look free, in whatever form."""
    shell = Shell(tmp_path)
    tasks(shell)
    row = imported(shell)
    [cell] = row["cells"]
    unknown = ("tokens", "completion_tokens", "solved_per_1000_tokens", "seconds", "rest_seconds",
               "model_seconds", "model_cpu_seconds")  # fmt: skip
    assert {cell[name] for name in unknown} == {None}
    assert (cell["solved"], row["curve"]) == (3, [])
    assert cell["sandbox_seconds"] > 0
    own = bench(shell, "--model", shell.model(right()), "--strategy", "sample")["log"]
    done = shell.run("bench", "compare", own, row["log"]).answered()
    [line] = [text for text in done.out.splitlines() if text.startswith("B ") and "3/3" in text]
    assert line.split()[-2:] == ["-", "-"]
    assert "cost is not known" in " ".join(done.out.split())
    assert "differ in imported: made by Assay and import of s.jsonl (evalplus)" in done.err
    assert "not set" not in done.err, "what is not known of it is no difference"
    [told] = shell.run(
        "bench", "report", row["log"], "--csv", "out", "--out", "page.html", "--json"
    ).rows
    assert {one["cost"]["prompt_tokens"] for one in told["results"]} == {None}
    assert told["cells"][0]["cost"]["dollars"] is None
    with (shell.folder / "out" / "cells.csv").open(newline="") as file:
        [found] = csv.DictReader(file)
    assert (found["tokens"], found["seconds"], found["cost.calls"]) == ("", "", "")
    assert '"tokens":null' in (shell.folder / "page.html").read_text()
    shell.run("bench", "results", row["log"]).answered()
    again = shell.run("bench", "rejudge", row["log"], "--json").answered().rows[0]
    assert again["cells"][0]["tokens"] is None


def test_the_log_tells_runs_apart_on_one_line_each(tmp_path: Path) -> None:
    """Catches: runs of one suite that look alike, a line that wraps."""
    shell = Shell(tmp_path)
    long = tasks(shell, name="a-suite-with-a-rather-long-name-for-a-file.jsonl")
    tasks(shell)
    model = ("--model", shell.model(right()))
    run = bench(shell, *model, "--strategy", "sample")["log"]
    bench(shell, *model, "--strategy", "sample,self_debug", "--seed", "0,1,2")
    shell.run("bench", long, *model, "--strategy", "self_debug(rounds=3)").answered()
    shell.run("bench", "rejudge", run).answered()
    imported(shell)
    status, shown = Terminal(shell, "log").end()
    assert status == 0
    lines = shown.splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) <= 80
    named = ["import  s.jsonl", f"rejudge of {run}", "bench   a-suite", "6 cells", "sample "]
    for line, name in zip(lines, named, strict=True):
        assert name in line
        assert "3/3 solved (100.0%)" in line or "18/18 solved (100.0%)" in line


def test_the_same_bench_twice_in_one_log_gives_the_same_file(tmp_path: Path) -> None:
    """Catches: something that the cache changes in a result outside of the key `volatile`."""
    shell = Shell(tmp_path)
    tasks(shell)

    def reply(messages: list[Any]) -> str:
        return WRONG if len(messages) < 3 and "number 1" in json.dumps(messages) else RIGHT

    with chat_server(reply) as server:
        where = {"OPENAI_BASE_URL": server.address, "OPENAI_API_KEY": "none"}
        flags = ("--model", "openai/x", "--strategy", "sample(n=2),self_debug", "--price", "1,2")
        bench(shell, *flags, "--out", "a.json", **where)
        asked = len(server.asked)
        bench(shell, *flags, "--out", "b.json", **where)
        assert len(server.asked) == asked, "the second is out of the log"
    both = [(shell.folder / name).read_bytes().partition(b'"volatile": ') for name in
            ("a.json", "b.json")]  # fmt: skip
    assert both[0][:2] == both[1][:2]
    told = [json.loads((shell.folder / name).read_text()) for name in ("a.json", "b.json")]
    cached = [sum(row["cached_calls"] for row in one["volatile"]["results"]) for one in told]
    assert cached[0] < cached[1]
    assert list(told[0])[-1] == "volatile"
