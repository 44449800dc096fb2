"""`assay bench sandbox`: runners side by side, real ones."""

import sys
from pathlib import Path

from cli_tools import Shell

from assay.bench.runners import RUNNERS, Runner, compare_runners
from assay.bench.sandbox_work import tiny

ROW = {"runner", "isolation", "judging", "runs_per_second", "cpu_ms"}
"""The keys that the design promises."""


def rows_of(runners: tuple[str, ...], count: int) -> dict[str, dict[str, object]]:
    chosen = tuple(runner for runner in RUNNERS if runner.name in runners)
    rows = compare_runners(
        {"tiny": tiny()[:count]},
        workers=2,
        passes=1,
        peers={},
        tell=lambda text: None,
        runners=chosen,
    )
    return {str(row["runner"]): row for row in rows}


def test_every_program_of_the_work_passes_in_assay_and_in_a_plain_process() -> None:
    """Would catch work that is wrong, so that the figures are of failures."""
    rows = rows_of(("assay", "python"), 12)
    assert {name: row["passed"] for name, row in rows.items()} == {"assay": 12, "python": 12}
    assert rows["assay"]["judging"] == "isolated"
    for row in rows.values():
        assert row.keys() >= ROW
        # A dozen programs may cost less than two starts differ in on a busy machine.
        assert row["cpu_ms"] is None or (isinstance(row["cpu_ms"], float) and row["cpu_ms"] >= 0)


def test_a_runner_that_passes_nothing_shows_it() -> None:
    """Would catch a table that counts runs rather than passes."""
    wrong = [program | {"completion": "def f(): pass\n"} for program in tiny()[:4]]
    python = [runner for runner in RUNNERS if runner.name == "python"]
    [row] = compare_runners(
        {"tiny": wrong}, workers=1, passes=2, peers={}, tell=print, runners=python
    )
    assert (row["passed"], row["used"], row["passes"]) == (0, 4, 2)


def test_a_peer_that_is_not_there_is_a_row_without_figures(tmp_path: Path) -> None:
    """Would catch a crash, or a zero, for what is not installed."""
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys._base_executable} -I -S "$@"\n')  # type: ignore[attr-defined]
    bare.chmod(0o755)
    evalplus = Runner(name="evalplus", isolation="", judging="in-process", peer="evalplus")
    [row] = compare_runners(
        {"tiny": tiny()[:2]},
        workers=1,
        passes=2,
        peers={"evalplus": str(bare)},
        tell=print,
        runners=[evalplus],
    )
    assert row["missing"] == "not installed: pip install evalplus"
    assert row["runs_per_second"] is row["cpu_ms"] is row["passed"] is None


def test_wrong_names_are_refused(tmp_path: Path) -> None:
    """Would catch a mistyped flag that measures something else."""
    shell = Shell(tmp_path)
    for flags, word in (
        (("--work", "tinny"), "tiny"),
        (("--peer", "evilplus=/bin/sh"), "evalplus"),
        (("--peer", "evalplus=/no/such"), "NAME=PATH"),
        (("--work", ""), "tiny"),
    ):
        done = shell.run("bench", "sandbox", *flags)
        done.refused(2, word)
