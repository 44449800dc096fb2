"""A flag, its environment variable, its key in a config file; in this order of precedence."""

from pathlib import Path
from typing import Any

import pytest
from cli_tools import ADD, SOLVED, Shell, fenced, right

WRONG = {"match": "", "text": fenced("def add(a, b):\n    return 0")}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.file("add.py", ADD)
    shell.model(right(), name="right.json")
    shell.model(WRONG, name="wrong.json")
    shell.file("more.py", "assert add(0, 7) == 7\n")
    return shell


def config_of(shell: Shell) -> dict[str, Any]:
    config: dict[str, Any] = shell.run("log", "--json", "--limit", "1").rows[0]["config"]
    return config


def test_every_flag_of_solve_is_an_environment_variable(shell: Shell) -> None:
    """Would catch a variable of another name than its flag, and one that is not read."""
    variables = {
        "ASSAY_MODEL": "scripted/right.json",
        "ASSAY_STRATEGY": "sample(n=2)",
        "ASSAY_SELECTOR": "visible",
        "ASSAY_BUDGET": "calls=3",
        "ASSAY_SEED": "7",
        "ASSAY_JSON": "1",
        "ASSAY_TESTS": "more.py",
        "ASSAY_WITHOUT": "add:1 add:2",
        "ASSAY_RECORD": "rec.jsonl",
        "ASSAY_TEMPERATURE": "0.25",
        "ASSAY_MAX_TOKENS": "77",
        "ASSAY_PRICE": "1000000,0",
    }
    [row] = shell.run("solve", "add.py", **variables).answered().rows
    assert row["visible"] == {"passed": 1, "total": 1}
    assert row["cost"]["calls"] == 2
    assert row["cost"]["dollars"] == row["cost"]["prompt_tokens"]
    config = config_of(shell)
    assert (config["strategy"], config["selector"]) == ("sample(n=2)", "visible")
    assert (config["budget"], config["seed"]) == ("calls=3", 7)
    prompts = [body["prompt"] for _, body in shell.events("completion")]
    assert [prompt["max_tokens"] for prompt in prompts] == [77, 77]
    assert sorted(prompt["temperature"] for prompt in prompts) == [0.0, 0.25]
    assert (shell.folder / "rec.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "value", "code", "word"),
    [
        ("ASSAY_TOTAL_BUDGET", "calls=x", 2, "calls"),
        ("ASSAY_PROMPTS", "missing", 2, "--prompts missing"),
        ("ASSAY_CONFIG", "missing.toml", 2, "--config missing.toml"),
        ("ASSAY_JOBS", "0", 2, "ASSAY_JOBS"),
        ("ASSAY_OUT", ".", 2, "--out .: is a folder"),
        ("ASSAY_WRITE", "1", 2, "git"),
        ("ASSAY_JSON", "perhaps", 2, "ASSAY_JSON"),
        ("ASSAY_LOG", ".", 1, "--log"),
    ],
)
def test_a_bad_variable_is_refused_like_its_flag(
    shell: Shell, name: str, value: str, code: int, word: str
) -> None:
    """Would catch a variable that is ignored, so that a run is not what its owner believes."""
    arguments = ("solve", "add.py", "--model", "scripted/right.json")
    shell.run(*arguments, **{name: value}).refused(code, word)


def test_flag_over_environment_over_config(shell: Shell) -> None:
    """Would catch a config file that overrules what was typed."""
    shell.file("c.toml", 'model = "scripted/right.json"\nseed = 1\n[solve]\nseed = 2\n')
    arguments = ["solve", "add.py", "--config", "c.toml"]
    shell.run(*arguments).answered()
    assert config_of(shell)["seed"] == 2
    shell.run(*arguments, ASSAY_SEED="3").answered()
    assert config_of(shell)["seed"] == 3
    shell.run(*arguments, "--seed", "4", ASSAY_SEED="3").answered()
    assert config_of(shell)["seed"] == 4
    shell.run(*arguments, "--model", "scripted/wrong.json").answered(3)


def test_config_keys_are_the_names_of_the_flags(shell: Shell) -> None:
    """Would catch `--total-budget` that is another word in the file, and lost lists."""
    lines = ('model = "scripted/right.json"', 'total-budget = "calls=1"', 'without = ["add:2"]')
    shell.file("c.toml", "\n".join((*lines, "json = true", "[bench]", "limit = 1")))
    [row] = shell.run("solve", "add.py", "--config", "c.toml").answered().rows
    assert row["visible"] == {"passed": 1, "total": 1}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("modle = 'x'", ["unknown key 'modle'", "model", "total_budget"]),
        ("[solve]\nmodle = 'x'", ["unknown key 'modle'"]),
        ("[slove]\nseed = 1", ["'slove'", "solve, bench"]),
        ("temperature = 'hot'", ["temperature"]),
        ("temperature = [1]", ["temperature", "list"]),
        ("seed = 1.5", ["seed"]),
        ("json = 'perhaps'", ["json"]),
        ("seed = = 1", ["c.toml", "line 1"]),
        (b"seed = '\xff'", ["c.toml"]),
        (None, ["c.toml", "No such file"]),
    ],
)
def test_a_bad_config_is_refused(
    shell: Shell, content: str | bytes | None, words: list[str]
) -> None:
    """Would catch a misspelt key that is passed over in silence."""
    if content is not None:
        shell.file("c.toml", content)
    arguments = ("solve", "add.py", "--config", "c.toml", "--model", "scripted/right.json")
    shell.run(*arguments).refused(2, *words)


def test_a_recording_replays_without_the_model(shell: Shell) -> None:
    """Would catch a recording that lacks a completion, or records the same one twice."""
    flags = ("--strategy", "sample(n=3)", "--json")
    both = ("--model", "scripted/right.json", "--record", "rec.jsonl")
    [first] = shell.run("solve", "add.py", *flags, *both).answered().rows
    shell.run("solve", "add.py", *flags, *both).answered()
    assert len((shell.folder / "rec.jsonl").read_text().splitlines()) == 3
    (shell.folder / "right.json").unlink()
    [again] = shell.run("solve", "add.py", *flags, "--model", "recorded/rec.jsonl").rows
    assert again["code"] == first["code"] == SOLVED
    assert again["cost"]["completion_tokens"] == first["cost"]["completion_tokens"]


def test_prompts_of_ones_own(shell: Shell) -> None:
    """Would catch `--prompts` that is read for one strategy and not for another."""
    (shell.folder / "mine").mkdir()
    shell.file("mine/task.jinja", "PLEASE {{ problem.prompt }}")
    flags = ("--model", "scripted/right.json", "--prompts", "mine")
    shell.run("solve", "add.py", *flags).answered()
    [(_, body)] = shell.events("completion")
    assert "PLEASE" in body["prompt"]["messages"][-1]["content"]


def test_a_prompt_that_cannot_be_rendered_is_refused(shell: Shell) -> None:
    """Would catch a traceback out of a person's own template."""
    (shell.folder / "mine").mkdir()
    shell.file("mine/task.jinja", "{{ problem.prompt ")
    done = shell.run("solve", "add.py", "--model", "scripted/right.json", "--prompts", "mine")
    assert done.code == 2, done
    assert "Traceback" not in done.err
    assert "task.jinja" in done.err


@pytest.mark.parametrize("verb", [["solve", "add.py", "--model", "scripted/right.json"], ["log"]])
def test_without_a_terminal_there_are_no_colours_and_no_questions(
    shell: Shell, verb: list[str]
) -> None:
    """Would catch escape codes in files and pipes."""
    done = shell.run(*verb).answered()
    assert "\x1b" not in done.out + done.err
