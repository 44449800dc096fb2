"""`assay bench own`: every language from prompt to hidden verdict."""

from pathlib import Path

from cli_tools import Shell

from assay.bench.suites import limit_items, runnable
from assay.grade import Item, own

EVERY = 9
CHOSEN = limit_items(own.items(), None, EVERY)
WRONG = {
    "python": "x = 1",
    "javascript": "1",
    "cpp": "int main() {}",
    "bash": ":",
    "sql": "SELECT 7;",
}
FLAGS = ("--every", str(EVERY), "--jobs", "1", "--strategy", "self_debug", "--json", "--model")


def replies(items: list[Item]) -> list[str]:
    """For each problem a wrong program and then the reference, followed by what it prints."""
    made = []
    for item in items:
        tag = item.problem.language
        made.append(f"```{tag}\n{WRONG[tag]}\n```")
        made.append(f"Fixed:\n```{tag}\n{item.reference}\n```\nIt prints\n```\n1\n```")
    return made


def test_each_language_is_repaired_solved_and_graded(tmp_path: Path) -> None:
    """Defect: a language whose program is lost between reply and verdict, whose wrong program
    counts, or of which a repair cannot be asked for."""
    assert {item.problem.language for item in CHOSEN} == set(own.LANGUAGES)
    here, _ = runnable(CHOSEN)
    shell = Shell(tmp_path)
    done = shell.run("bench", "own", *FLAGS, shell.model(*replies(here))).answered()
    [cell] = done.rows[0]["cells"]
    assert (cell["items"], cell["solved"], cell["unmeasured"]) == (len(here), len(here), 0)
    assert cell["rounds"] == 2


def test_a_language_that_is_not_here_is_left_out_by_name(tmp_path: Path) -> None:
    """Defect: what cannot be run here is a wrong answer, or silently missing."""
    empty = tmp_path / "bin"
    empty.mkdir()
    shell = Shell(tmp_path)
    left = [item for item in CHOSEN if item.problem.language in ("python", "sql")]
    model = shell.model(*replies(left))
    done = shell.run("bench", "own", *FLAGS, model, PATH=str(empty)).answered()
    [cell] = done.rows[0]["cells"]
    assert (cell["items"], cell["solved"], cell["unmeasured"]) == (len(left), len(left), 0)
    said = " ".join(done.err.split())
    for language in {item.problem.language for item in CHOSEN} - {"python", "sql"}:
        assert f"LEFT OUT: no toolchain for {language} here" in said
