"""LiveCodeBench: the list that its `custom_evaluator` takes as `--custom_output_file`, rows of
`question_id` and `code_list`. Its repository is not on PyPI; the form was read in its source.

`graded_list` and `pass@1` are what its own `_eval_all.json` has beside them. The evaluator wants
one row for each question of the release that it is run with, and says so where one is missing.
"""

from collections.abc import Sequence
from typing import Any

from assay.bench.export import Export, Files, Sample
from assay.bench.export.plain import dumped


def files(export: Export) -> Files:
    rows = {task: row(task, samples) for task, samples in export.samples.items()}
    # Upstream pairs rows with questions in the order of the ids as texts.
    return [(".json", dumped([rows[task] for task in sorted(rows) if rows[task]["code_list"]]))]


def row(task: str, samples: Sequence[Sample]) -> dict[str, Any]:
    kept = [sample for sample in samples if sample.answered]
    found: dict[str, Any] = {
        "question_id": task,
        "code_list": [sample.result.code or "" for sample in kept],
    }
    graded = [sample.result.hidden for sample in kept]
    if graded and None not in graded:
        found |= {"graded_list": graded, "pass@1": sum(map(bool, graded)) / len(graded)}
    return found
