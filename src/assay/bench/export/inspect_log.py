"""Inspect: a `.eval` log, version 2 of its schema, as inspect-ai 0.3.285 writes and reads it.

It is a ZIP: `_journal/start.json` (what was asked), `samples/ID_epoch_N.json`,
`_journal/summaries/1.json` and `summaries.json` (the samples without their texts), `header.json`
(start, results, figures). Members are deflated and carry no time, so that one run gives one file.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from math import sqrt
from typing import Any

import assay
from assay.bench.export import Export, Files, Sample
from assay.bench.export.inspect_sample import SCORER, moment, sample_of, total_usage
from assay.bench.export.plain import digest, dumped, member

VERSION = 2
"""Of the log's schema."""
THIN = ("id", "epoch", "input", "target", "metadata", "scores", "model_usage")
TIMES = ("started_at", "completed_at", "total_time", "working_time", "uuid")
METRICS = ("inspect_ai/accuracy", "inspect_ai/stderr")
"""Upstream's names of the figures: it can compute them again."""
MAX_TEXT = 1024
"""Characters of a text in a summary, as in upstream's."""
YEAR = (1980, 1, 1, 0, 0, 0)


def files(export: Export) -> Files:
    buffer = io.BytesIO()
    usage: list[dict[str, Any]] = []
    summaries = []
    ends: list[str] = []
    start = start_of(export)
    with zipfile.ZipFile(buffer, "w") as archive:
        put(archive, "_journal/start.json", start)
        for task, samples in export.samples.items():
            for sample in samples:
                body = sample_of(export, task, sample)
                put(archive, f"samples/{body['id']}_epoch_{body['epoch']}.json", body)
                summaries.append(summary_of(body))
                usage.append(body["model_usage"])
                ends.append(body["completed_at"])
        put(archive, "_journal/summaries/1.json", summaries)
        put(archive, "summaries.json", summaries)
        stats = {
            "started_at": start["eval"]["created"],
            "completed_at": max(ends, default=start["eval"]["created"]),
            "model_usage": total_usage(usage),
        }
        status = "success" if export.row.finished else "cancelled"
        header = {**start, "status": status, "results": results_of(export), "stats": stats}
        put(archive, "header.json", header)
    return [(".eval", buffer.getvalue())]


def put(archive: zipfile.ZipFile, name: str, body: Any) -> None:
    archive.writestr(zipfile.ZipInfo(name, YEAR), dumped(body), zipfile.ZIP_DEFLATED)


def start_of(export: Export) -> dict[str, Any]:
    cell = export.cells[0]
    config = export.row.config
    name = digest(f"{export.row.id} {[one.key for one in export.cells]}")
    ids = [member(task) for task in export.samples]
    spec = {
        "eval_id": name,
        "run_id": export.row.id,
        "created": moment(export.row.started),
        "task": export.suite,
        "task_id": digest(export.suite),
        "task_version": 0,
        "solver": cell.strategy,
        "solver_args": {"selector": cell.selector, "budget": config.get("budget")},
        "dataset": {"name": export.suite, "samples": len(ids), "sample_ids": ids},
        "model": cell.model,
        "model_generate_config": {
            "temperature": config.get("temperature"),
            "max_tokens": config.get("max_tokens"),
        },
        "config": {"epochs": len(export.cells), "fail_on_error": False},
        "packages": {"assay": assay.__version__},
        "scorers": [{"name": SCORER, "metrics": [{"name": name} for name in METRICS]}],
        "metadata": {"cells": [asdict(one) for one in export.cells]},
    }
    plan = {"steps": [{"solver": cell.strategy, "params": {"selector": cell.selector}}]}
    return {"version": VERSION, "eval": spec, "plan": plan}


def results_of(export: Export) -> dict[str, Any]:
    """Mean over problems of the mean over epochs, and the standard error of that mean."""
    samples = list(export.each())
    rates = [rate for one in export.samples.values() if (rate := rate_of(one)) is not None]
    scored = sum(sample.measured for sample in samples)
    values = {"accuracy": mean(rates), "stderr": standard_error(rates)}
    score = {
        "name": SCORER,
        "scorer": SCORER,
        "reducer": "mean" if len(export.cells) > 1 else None,
        "scored_samples": scored,
        "unscored_samples": len(samples) - scored,
        "metrics": {name: {"name": name, "value": value} for name, value in values.items()},
    }
    return {
        "total_samples": len(export.samples) * len(export.cells),
        "completed_samples": len(samples),
        "scores": [score] if rates else [],
    }


def rate_of(samples: Sequence[Sample]) -> float | None:
    graded = [sample.result.hidden for sample in samples if sample.measured]
    return sum(map(bool, graded)) / len(graded) if graded else None


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def standard_error(values: Sequence[float]) -> float:
    """Sample standard deviation over the root of the count, as upstream's `stderr`."""
    if len(values) < 2:
        return 0.0
    middle = mean(values)
    variance = sum((value - middle) ** 2 for value in values) / (len(values) - 1)
    return sqrt(variance / len(values))


def summary_of(body: dict[str, Any]) -> dict[str, Any]:
    """A sample without what makes it long."""
    error = body["error"]
    return {
        **{key: thin(body[key]) for key in (*THIN, *TIMES)},
        "error": thin(error["message"]) if error else None,
        "limit": body["limit"] and body["limit"]["type"],
        "completed": True,
        "message_count": len(body["messages"]),
        "turn_count": body["turn_count"],
    }


def thin(value: Any) -> Any:
    match value:
        case str():
            return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
        case dict():
            return {key: thin(inner) for key, inner in value.items()}
        case list():
            return [thin(inner) for inner in value]
        case _:
            return value
