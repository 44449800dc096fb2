"""EvalPlus: `X.jsonl`, its samples, and `X_eval_results.json`, as `evalplus.evaluate` names and
writes it (read in the source of evalplus 0.3.1). With the results beside the samples that command
reads them and prints its figures; without them it grades the samples itself.

A sample that failures of ours left unmeasured has no status, and EvalPlus none to give it: it is
left out of the results, and out of the samples unless there is an answer that only was not graded.
"""

from datetime import UTC, datetime
from typing import Any

from assay.bench.export import Export, Files, Sample
from assay.bench.export.plain import digest, dumped, lines

RESULTS = "_eval_results.json"
PLUS = "plus"
"""Name of the hidden test with the inputs that EvalPlus adds to a suite."""


def files(export: Export) -> Files:
    samples = [
        sample_row(task, sample)
        for task, samples in export.samples.items()
        for sample in samples
        if sample.answered
    ]
    return [(".jsonl", lines(samples)), (RESULTS, dumped(results(export)))]


def sample_row(task: str, sample: Sample) -> dict[str, str]:
    """No program is an empty one, which fails as it should."""
    return {"task_id": task, "solution": sample.result.code or ""}


def results(export: Export) -> dict[str, Any]:
    graded = {
        task: [result_row(export, task, sample) for sample in samples if sample.measured]
        for task, samples in export.samples.items()
    }
    tests = export.row.config.get("graded_by", [])
    return {
        "date": datetime.fromtimestamp(export.row.started, UTC).strftime("%Y-%m-%d %H:%M"),
        "hash": f"assay-{digest(' '.join(tests))}",
        "eval": {task: rows for task, rows in graded.items() if rows},
    }


def result_row(export: Export, task: str, sample: Sample) -> dict[str, Any]:
    base, plus = statuses(export, sample)
    return {
        **sample_row(task, sample),
        "base_status": base,
        "plus_status": plus,
        "base_fail_tests": [],
        "plus_fail_tests": [],
    }


def statuses(export: Export, sample: Sample) -> tuple[str, str | None]:
    """Of the suite's own tests and of those that EvalPlus adds; `None`: the suite has none."""
    if sample.result.hidden:
        return "pass", "pass" if has_plus(export, sample) else None
    verdicts = verdicts_of(export, sample)
    base = [verdict["outcome"] for verdict in verdicts if verdict["test"] != PLUS]
    plus = [verdict["outcome"] for verdict in verdicts if verdict["test"] == PLUS]
    # Without verdicts it has no program, or one that does not build.
    return status(base) if base or plus else "fail", status(plus) if plus else None


def has_plus(export: Export, sample: Sample) -> bool:
    return any(verdict["test"] == PLUS for verdict in verdicts_of(export, sample))


def verdicts_of(export: Export, sample: Sample) -> list[dict[str, Any]]:
    graded = export.grade(sample)
    return list(graded["verdicts"]) if graded else []


def status(outcomes: list[str]) -> str:
    bad = [outcome for outcome in outcomes if outcome != "passed"]
    return "pass" if not bad else "timeout" if bad[0] == "timeout" else "fail"
