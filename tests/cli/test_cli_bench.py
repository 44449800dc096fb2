"""`assay bench`, and going on after a `kill -9`: nothing lost, repeated or paid for twice."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from cli_tools import RECORDING, Shell, alive, chat_server, descendants, fenced, right, until

from assay.bench.results import VOLATILE

CELL = {"suite", "model", "strategy", "selector", "items", "measured", "solved"}
CELL |= {"pass@1", "interval", "tokens", "seconds"}
ITEMS = 6

needs_recording = pytest.mark.skipif(
    not RECORDING.exists(), reason=f"the recorded completions are not at {RECORDING}"
)


def tasks(shell: Shell, count: int = ITEMS) -> str:
    rows = [
        {
            "id": f"t/{n}",
            "prompt": f"Write add(a, b) number {n}.",
            "tests": ["assert add(1, 2) == 3"],
            "hidden": ["assert add(5, 5) == 10"],
        }
        for n in range(count)
    ]
    shell.file("tasks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return "tasks.jsonl"


def steady(body: dict[str, Any]) -> dict[str, Any]:
    """A result without what differs from one run to the next."""
    cost = {key: value for key, value in body["cost"].items() if key not in VOLATILE}
    return {key: value for key, value in body.items() if key not in ("cost", "log")} | cost


def results(shell: Shell) -> dict[str, dict[str, Any]]:
    """The run's results by item; each item may have one only."""
    found = shell.events("result")
    assert len({item for item, _ in found}) == len(found), "an item was done twice"
    return {item: steady(body) for item, body in found}


@needs_recording
def test_a_recorded_model_is_graded_on_humaneval(tmp_path: Path) -> None:
    """Would catch a table, JSON or rate that is not of the hidden tests."""
    shell = Shell(tmp_path)
    bench = ("bench", "humaneval", "--model", f"recorded/{RECORDING}", "--strategy", "sample")
    done = shell.run(*bench, "--limit", "3", "--json").answered()
    [row] = done.rows
    [cell] = row["cells"]
    assert row.keys() >= {"cells", "paired", "report"}
    assert cell.keys() >= CELL
    assert (cell["items"], cell["measured"], done.err) == (3, 3, "")
    assert cell["pass@1"] == cell["solved"] / 3
    low, high = cell["interval"]
    assert low <= cell["pass@1"] <= high
    text = shell.run(*bench, "--limit", "3").answered()
    assert f"{cell['solved']}/3" in text.out
    assert "HumanEval/2" in text.err
    assert "HumanEval/2" not in text.out


@needs_recording
def test_the_whole_recording_solves_what_it_solved_before(tmp_path: Path) -> None:
    """Would catch a prompt that changed, an extraction that cuts, or a judge that errs: plain
    greedy calls of the same model gave 93 of 164."""
    done = Shell(tmp_path).run(
        *("bench", "humaneval", "--model", f"recorded/{RECORDING}", "--strategy", "sample"),
        *("--json", "--jobs", "2"),
    )
    [cell] = done.answered().rows[0]["cells"]
    assert (cell["items"], cell["measured"], cell["solved"]) == (164, 164, 93)


def test_a_failure_of_ours_is_counted_apart(tmp_path: Path) -> None:
    """Would catch the worst bug: a failed call that is scored as a wrong program."""
    shell = Shell(tmp_path)
    model = shell.model({"match": "number 1", "error": "error"}, right())
    bench = ("bench", tasks(shell, 3), "--model", model, "--strategy", "sample")
    [cell] = shell.run(*bench, "--json").answered(1).rows[0]["cells"]
    assert (cell["items"], cell["measured"], cell["solved"], cell["pass@1"]) == (3, 2, 2, 1.0)
    text = shell.run(*bench).answered(1)
    assert "1 of 3 NOT MEASURED" in text.err
    shell.model(right())
    again = shell.run(*bench, "--json", "--resume").answered()
    assert again.rows[0]["cells"][0]["solved"] == 3, "what failed is taken up again"


def test_a_killed_bench_goes_on_where_it_was(tmp_path: Path) -> None:
    """Would catch a result that is lost or made twice, a different one after the resume, and
    processes that outlive a `kill -9`."""
    shell = Shell(tmp_path)
    wrong = {"match": "number 3", "text": fenced("def add(a, b):\n    return 0"), "delay": 0.2}
    model = shell.model(wrong, right(delay=0.4))
    flags = ("--model", model, "--strategy", "sample", "--jobs", "2", "--json")
    bench = ("bench", tasks(shell), *flags)
    process = shell.start(*bench)
    until(lambda: len(shell.events("result")) >= 2)
    left = descendants(process.pid)
    process.kill()
    process.communicate(timeout=10)
    until(lambda: not alive(left) and not shell.processes(), 5)
    before = results(shell)
    asked = [item for item, _ in shell.events("completion")]
    assert 2 <= len(before) < ITEMS
    resumed = shell.run(*bench, "--resume").answered()
    after = results(shell)
    assert {item: after[item] for item in before} == before
    assert [run["finished"] for run in shell.run("log", "--json").rows] == [True]
    assert [item for item, _ in shell.events("completion")].count(next(iter(before))) == 1
    assert all(asked.count(item) == 1 for item in before)
    other = shell.log.with_name("other.db")
    whole = shell.run(*bench, ASSAY_LOG=str(other)).answered()
    shell.log = other
    assert after == results(shell)
    cells = [
        {k: v for k, v in d.rows[0]["cells"][0].items() if k not in VOLATILE}
        for d in (resumed, whole)
    ]
    assert cells[0] == cells[1]
    assert cells[0]["solved"] == ITEMS - 1


def test_what_a_server_was_paid_for_is_not_asked_again(tmp_path: Path) -> None:
    """Would catch a resume that pays again for completions of problems that were not finished:
    each was answered wrongly once, and killed while its repair was under way."""
    shell = Shell(tmp_path)
    wrong, good = (fenced(f"def add(a, b):\n    return {value}") for value in ("0", "a + b"))
    with chat_server(lambda messages: good if len(messages) > 2 else wrong) as server:
        server.hold = lambda messages: len(messages) > 2
        address = {"OPENAI_BASE_URL": server.address, "OPENAI_API_KEY": "k"}
        flags = ("--model", "openai/m", "--strategy", "self_debug", "--jobs", "3", "--json")
        bench = ("bench", tasks(shell, 3), *flags)
        process = shell.start(*bench, **address)
        until(lambda: len(shell.events("attempt")) == 3 and len(server.held) == 3)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
        paid = set(server.answered)
        assert len(paid) == 3
        server.hold = lambda messages: False
        server.open.set()
        done = shell.run(*bench, "--resume", **address).answered()
        assert done.rows[0]["cells"][0]["solved"] == 3
        assert all(server.asked.count(prompt) == 1 for prompt in paid)
        assert max(map(server.asked.count, server.asked)) == 2
    for body in results(shell).values():
        assert (body["calls"], body["candidates"]) == (2, 2)


def test_resume_wants_the_same_run_and_starts_no_other(tmp_path: Path) -> None:
    """Would catch results of other flags that are mixed in, or a finished run that is done over."""
    shell = Shell(tmp_path)
    flags = ("--model", shell.model(right()), "--strategy", "sample", "--json")
    bench = ("bench", tasks(shell, 2), *flags)
    shell.run(*bench).answered()
    shell.run(*bench, "--resume", "--budget", "tokens=99").refused(2, "--resume", "flags")
    shell.run(*bench, "--resume", "--seed", "1").refused(2, "--resume", "flags")
    shell.run(*bench, "--resume", "--prompts", ".").refused(2, "--resume", "flags")
    again = shell.run(*bench, "--resume").answered()
    assert again.rows[0]["cells"][0]["solved"] == 2
    assert len(shell.events("completion")) == 2


def test_two_processes_do_not_resume_one_run(tmp_path: Path) -> None:
    """Would catch every problem done, and paid for, by both."""
    shell = Shell(tmp_path)
    model = shell.model(right("number 1", delay=4), right())
    flags = ("--model", model, "--strategy", "sample", "--jobs", "1")
    bench = ("bench", tasks(shell, 3), *flags, "--json")
    first = shell.start(*bench)
    until(lambda: len(shell.events("result")) >= 1)
    shell.run(*bench, "--resume").refused(2, "another process")
    first.communicate(timeout=30)
    assert first.returncode == 0
    assert len(results(shell)) == len(shell.events("completion")) == 3
    assert {path.name for path in shell.log.parent.iterdir()} == {"log.db"}


def test_cells_are_a_grid_and_budgets_are_per_problem(tmp_path: Path) -> None:
    """Would catch a strategy that is left out, or one that spends what another had."""
    shell = Shell(tmp_path)
    model = shell.model({"match": "", "text": fenced("def add(a, b):\n    return 0")})
    done = shell.run(
        *("bench", tasks(shell, 2), "--model", model, "--strategy", "sample(n=2),self_debug"),
        *("--budget", "calls=1", "--json"),
    ).answered()
    cells = done.rows[0]["cells"]
    assert [cell["strategy"] for cell in cells] == ["sample(n=2)", "self_debug"]
    assert {body["calls"] for body in results(shell).values()} == {1}
    assert [cell["solved"] for cell in cells] == [0, 0]
