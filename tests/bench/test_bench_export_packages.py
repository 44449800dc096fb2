"""Exports as the projects that they are for read them; docs/interchange.md says how to run this."""

import json
from pathlib import Path
from typing import Any

import pytest
from exporting import EMPTY, EVIL, ITEMS, LOST, RIGHT, export_of, make

from assay.bench.export import find_format
from assay.bench.export.plain import member
from assay.cli.bench_export import places
from assay.cli.files import write_file


def written(folder: Path, name: str) -> Path:
    made = make(folder)
    with made[0]:
        form = find_format(name)
        files = places(folder / f"run{form.ending}", form.files(export_of(made)))
        [first, *_] = [write_file(path, content) for path, content in files.items()]
        return Path(first)


def test_inspect_reads_the_log(tmp_path: Path) -> None:
    """Catches: a field that upstream's schema has not, a sample that is not found by its id, a
    score where there is none, a figure that upstream computes otherwise."""
    log_module = pytest.importorskip("inspect_ai.log", reason="inspect-ai is not installed")
    from inspect_ai.log._metric import recompute_metrics  # type: ignore[import-not-found,unused-ignore]

    path = str(written(tmp_path, "inspect"))
    log = log_module.read_eval_log(path)
    assert (log.version, log.status, len(log.samples)) == (2, "success", 2 * len(ITEMS))
    assert len(log_module.read_eval_log_sample_summaries(path)) == 2 * len(ITEMS)
    values = {
        item.problem.id: log_module.read_eval_log_sample(path, id=member(item.problem.id), epoch=2)
        for item in ITEMS
    }
    assert values[RIGHT].scores["hidden_tests"].value == "C"
    assert values[EVIL].scores["hidden_tests"].value == "I"
    assert values[EMPTY].output.completion.startswith("\ufffd \0 \u2028 \x1b[31m")
    assert values[LOST].scores == {}
    assert "gone" in values[LOST].error.message
    assert [event.event for event in values[RIGHT].events] == ["model", "info", "info", "score"]
    before = figures(log)
    recompute_metrics(log)
    assert figures(log) == before


def figures(log: Any) -> dict[str, float]:
    return {name: one.value for name, one in log.results.scores[0].metrics.items()}


def test_evalplus_reads_samples_and_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches: a row that it does not take, a rate that is not the run's."""
    data = pytest.importorskip("evalplus.data.utils", reason="evalplus is not installed")
    from evalplus.evaluate import evaluate  # type: ignore[import-not-found,unused-ignore]

    path = written(tmp_path, "evalplus")
    samples = list(data.load_solutions(str(path)))
    assert [sample["task_id"] for sample in samples][:2] == [RIGHT, RIGHT]
    evaluate("humaneval", samples=str(path), base_only=True)
    said = capsys.readouterr().out
    assert "Load from previous results" in said
    assert "pass@1:\t0.250" in said


def test_datasets_reads_the_rows(tmp_path: Path) -> None:
    """Catches: columns without one type, a text at which Arrow stops."""
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    path = written(tmp_path, "trl")
    rows = datasets.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert rows["task_id"] == [
        json.loads(line)["task_id"] for line in path.read_text().splitlines()
    ]
    assert rows[0]["prompt"][1]["role"] == "user"


def test_trl_takes_the_rows_for_conversations(tmp_path: Path) -> None:
    """Catches: a prompt that TRL would not put into the model's chat template."""
    utils = pytest.importorskip("trl.data_utils", reason="trl is not installed")
    path = written(tmp_path, "trl")
    row = json.loads(path.read_text().splitlines()[0])
    assert utils.is_conversational(row)
