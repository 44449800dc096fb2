"""The figures of one cell: one row of the table, and of `bench --json`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assay.bench import APART, Cell, Result
from assay.bench.abstention import Judged, aurc, calibration_error, coverage_at, excess_aurc
from assay.bench.progress import Progress
from assay.bench.stats import mean, mean_reciprocal_rank, pass_at_k, recall, wilson
from assay.bench.unmeasured import counted

LOW_RISKS = (0.05, 0.1)
NOTHING: Mapping[str, Progress] = {}


def summary(
    cell: Cell, results: Iterable[Result], progress: Mapping[str, Progress] = NOTHING
) -> dict[str, Any]:
    """The rate is over what was measured; the rest is counted. `progress` is by problem."""
    rows = list(results)
    measured = [row for row in rows if row.hidden is not None]
    right = sum(row.hidden is True for row in rows)
    interval = wilson(right, len(measured))
    return {
        "cell": cell.key,
        **asdict(cell),
        "items": len(rows),
        "measured": len(measured),
        "unmeasured": len(rows) - len(measured),
        "unmeasured_why": counted(rows),
        "solved": right,
        "pass@1": right / len(measured) if measured else None,
        "interval": None if interval is None else list(interval),
        **visible(rows),
        **abstention(rows, measured),
        "in_process": sum(row.judging == "in-process" for row in rows),
        "cached_runs": sum(row.cost.get("cached_runs", 0) for row in rows),
        "tokens": total([row.tokens for row in rows]),
        "completion_tokens": total([row.cost["completion_tokens"] for row in rows]),
        "solved_per_1000_tokens": per_thousand(right, total([row.tokens for row in measured])),
        **seconds(rows),
        **cpu_seconds(cell, rows),
        **questions(rows, progress),
        **turns(measured, progress),
        "confidence": confidence(measured),
    }


def visible(rows: Sequence[Result]) -> dict[str, Any]:
    """What the visible tests said, and how often the hidden ones contradicted them."""
    judged = [row for row in rows if row.status != "unmeasured"]
    passing = [row for row in judged if 0 < row.visible["total"] == row.visible["passed"]]
    # A failed problem without a verdict had no program; others without one had no tests.
    tested = [row for row in judged if row.visible["total"] or row.status == "failed"]
    return {
        "visible_passed": len(passing),
        "visible_tested": len(tested),
        "visible_pass_rate": len(passing) / len(tested) if tested else None,
        "false_positives": sum(row.hidden is False for row in passing),
    }


def abstention(rows: Sequence[Result], measured: Sequence[Result]) -> dict[str, Any]:
    """`answered`: vouched for, as `verified` or `likely`; an abstention may be right all the same
    and is then among the solved."""
    answered = [row for row in measured if row.status in ("verified", "likely")]
    return {
        "abstained": sum(row.status == "abstained" for row in rows),
        "answered": len(answered),
        "answered_wrong": sum(row.hidden is False for row in answered),
    }


def total(amounts: Sequence[Any]) -> Any:
    """`None` where one is not known: of programs that were made elsewhere."""
    return None if None in amounts else sum(amounts)


def per_thousand(solved: int, tokens: int | None) -> float | None:
    return 1000 * solved / tokens if tokens else None


def seconds(rows: Sequence[Result]) -> dict[str, float | None]:
    """Wall seconds: all, awaiting the model, awaiting the sandbox, and what is neither."""
    whole, model, sandbox = (
        total([row.cost[name] for row in rows])
        for name in ("seconds", "model_seconds", "sandbox_seconds")
    )
    found = {"seconds": whole, "model_seconds": model, "sandbox_seconds": sandbox}
    rest = None
    if whole is not None and model is not None and sandbox is not None:
        rest = max(0.0, whole - model - sandbox)
    found["rest_seconds"] = rest
    return {name: None if value is None else round(value, 3) for name, value in found.items()}


def cpu_seconds(cell: Cell, rows: Sequence[Result]) -> dict[str, float | None]:
    """`None` where it is not known: of models that compute elsewhere, and of older logs."""
    found: dict[str, float | None] = {}
    for party in ("model", "sandbox", "rest"):
        name = f"{party}_cpu_seconds"
        known = [row.cost.get(name) for row in rows]
        inside = party != "model" or cell.model.startswith("embedded/")
        whole = inside and None not in known
        found[name] = round(sum(value or 0.0 for value in known), 3) if whole else None
    return found


def questions(rows: Sequence[Result], progress: Mapping[str, Progress]) -> dict[str, int]:
    followed = [progress[row.problem] for row in rows if row.problem in progress]
    return {
        "questions": sum(row.questions for row in rows),
        "questioned": sum(row.questions > 0 for row in rows),
        "questions_answered": sum(path.answered for path in followed),
        "questions_unknown": sum(path.unknown for path in followed),
    }


def turns(measured: Sequence[Result], progress: Mapping[str, Progress]) -> dict[str, Any]:
    """`rounds`: mean number of the first attempt that passes the visible tests, where one does.
    `mrr`, `recall`: of the attempt that first had the program handed over, where it is right.
    """
    followed = [(row, progress[row.problem]) for row in measured if row.problem in progress]
    first = [path.first_pass for _, path in followed if path.first_pass is not None]
    answers = [
        path.answer - 1 if row.hidden and path.answer is not None else None
        for row, path in followed
    ]
    return {
        "rounds": mean(first),
        "mrr": mean_reciprocal_rank(answers),
        "recall": recall(answers),
    }


def confidence(measured: Sequence[Result]) -> dict[str, Any] | None:
    """How well the confidence tells right from wrong. Where no program came it is 0; problems
    where there was nothing to compare have none and are left out. `None` where all are."""
    if all(row.confidence is None for row in measured):
        return None
    answers: list[Judged] = []
    for row in measured:
        sure = 0.0 if row.code is None else row.confidence
        if sure is not None:
            answers.append((sure, row.hidden is True))
    return {
        "answers": len(answers),
        "aurc": aurc(answers),
        "excess_aurc": excess_aurc(answers),
        "calibration_error": calibration_error(answers),
        "coverage_at_risk": {str(risk): coverage_at(risk, answers) for risk in LOW_RISKS},
    }


def seeds(results: Iterable[tuple[Cell, Sequence[Result]]]) -> list[dict[str, Any]]:
    """Unbiased pass@k over cells that differ in nothing but the seed: each is one sample of a
    problem. Of the problems that all of them measured; k goes up to the number of seeds."""
    groups: dict[tuple[str, ...], list[dict[str, bool]]] = defaultdict(list)
    for cell, rows in results:
        verdicts = {row.problem: row.hidden for row in rows if row.hidden is not None}
        groups[tuple(getattr(cell, name) for name in APART)].append(verdicts)
    found = []
    for names, samples in groups.items():
        problems = [p for p in samples[0] if all(p in sample for sample in samples)]
        counts = [sum(sample[p] for sample in samples) for p in problems]
        found.append(
            {
                **dict(zip(APART, names, strict=True)),
                "seeds": len(samples),
                "problems": len(problems),
                "pass@k": {
                    str(k): mean([pass_at_k(count, len(samples), k) for count in counts])
                    for k in range(1, len(samples) + 1)
                },
            }
        )
    return found
