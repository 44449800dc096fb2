"""One sample of an Inspect log: what was asked and answered, what was run, and the score.

The target is the visible tests, and what the score explains is which hidden test ended how: their
texts, and the values that a program gave on them, only go out with the hidden tests.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from assay.bench.export import Export, Sample
from assay.bench.export.plain import digest, in_words, member
from assay.store import Event

SCORER = "hidden_tests"
ENDS = {"stop": "stop", "length": "max_tokens", "content_filter": "content_filter"}
"""Why a model stopped, in upstream's words."""
TOLD = ("attempt", "feedback", "consult", "decision", "error")
"""Events that go out as they are."""
OF_RESULT = ("status", "reason", "confidence", "visible", "candidates", "judging", "stopped")


def sample_of(export: Export, task: str, sample: Sample) -> dict[str, Any]:
    events = export.events(sample)
    problem: dict[str, Any] = next(event.body for event in events if event.kind == "problem")
    asked = [event.body for event in events if event.kind == "completion"]
    answer = answer_of(events, asked)
    begun, ended = events[0].at, events[-1].at
    result = sample.result
    score, wrong = score_of(export, task, sample), error_of(export, sample)
    return {
        "id": member(task),
        "epoch": sample.number,
        "input": messages_of(asked[0]["prompt"]) if asked else problem["prompt"],
        "target": target_of(export, task, problem["tests"]),
        "messages": conversation(answer),
        "output": output_of(answer["completion"]) if answer else {"model": export.cells[0].model},
        "scores": {SCORER: score} if score else {},
        "metadata": {"problem": task, "log": result.log, "cost": result.cost}
        | {key: getattr(result, key) for key in OF_RESULT},
        "events": [*transcript(events, begun), *scoring(score, ended, begun)],
        "model_usage": usage_of(asked, result.cost.get("dollars")),
        "started_at": moment(begun),
        "completed_at": moment(ended),
        "total_time": round(ended - begun, 3),
        "working_time": result.cost.get("seconds"),
        "uuid": digest(result.log),
        "error": wrong,
        "limit": limit_of(sample),
        "turn_count": len(asked),
    }


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def answer_of(events: Sequence[Event], asked: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The call whose reply the answer was taken from, else the last."""
    chosen = {event.body.get("chosen") for event in events if event.kind == "decision"}
    tried = [event.body["candidate"] for event in events if event.kind == "attempt"]
    texts = {candidate["text"] for candidate in tried if candidate["id"] in chosen}
    mine = [body for body in asked if body["completion"]["text"] in texts]
    return next(iter(mine or asked[-1:]), None)


def messages_of(prompt: dict[str, Any]) -> list[dict[str, Any]]:
    """Equal messages have equal ids, so that the viewer knows one again."""
    return [{"id": digest(f"{one['role']} {one['content']}"), **one} for one in prompt["messages"]]


def conversation(answer: dict[str, Any] | None) -> list[dict[str, Any]]:
    if answer is None:
        return []
    return [*messages_of(answer["prompt"]), reply_of(answer["completion"])]


def reply_of(completion: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": digest(f"assistant {completion['text']}"),
        "role": "assistant",
        "content": completion["text"],
        "source": "generate",
        "model": completion["model"],
    }


def output_of(completion: dict[str, Any]) -> dict[str, Any]:
    end = ENDS.get(completion["finish_reason"], "unknown")
    return {
        "model": completion["model"],
        "choices": [{"message": reply_of(completion), "stop_reason": end}],
        "completion": completion["text"],
        "usage": tokens_of(completion["usage"]),
        "time": completion["seconds"],
    }


def tokens_of(usage: dict[str, Any]) -> dict[str, int]:
    """Upstream counts the tokens of the prompt without those that a server had cached."""
    prompt, cached, written = (
        usage[f"{kind}_tokens"] for kind in ("prompt", "cached", "completion")
    )
    return {
        "input_tokens": prompt - cached,
        "input_tokens_cache_read": cached,
        "output_tokens": written,
        "total_tokens": prompt + written,
    }


def usage_of(asked: Sequence[dict[str, Any]], dollars: float | None) -> dict[str, Any]:
    """By model; the price of all calls where it is known and one model had them."""
    total = total_usage(
        [{body["completion"]["model"]: tokens_of(body["completion"]["usage"])} for body in asked]
    )
    if dollars is not None and len(total) == 1:
        next(iter(total.values()))["total_cost"] = dollars
    return total


def total_usage(usages: Sequence[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    total: dict[str, dict[str, Any]] = {}
    for usage in usages:
        for model, counts in usage.items():
            sums = defaultdict(int, total.get(model, {}))
            for name, count in counts.items():
                sums[name] += count
            total[model] = dict(sums)
    return total


def target_of(export: Export, task: str, visible: Sequence[dict[str, Any]]) -> list[str] | str:
    if export.hidden:
        return [in_words(asdict(test)) for test in export.items[task].hidden]
    return [in_words(test) for test in visible] or "the hidden tests pass"


def score_of(export: Export, task: str, sample: Sample) -> dict[str, Any] | None:
    """Nothing for a sample that was not measured: it is neither right nor wrong."""
    if not sample.measured:
        return None
    graded = export.grade(sample)
    verdicts = graded["verdicts"] if graded else []
    said = [verdict_line(verdict, export.hidden) for verdict in verdicts]
    if graded and not verdicts:
        said = [f"it did not load: {graded['outcome']}"]
    return {
        "value": "C" if sample.result.hidden else "I",
        "answer": sample.result.code or "",
        "explanation": "\n".join(said or ["there is no program"]),
        "metadata": {"judging": graded["judging"] if graded else None},
    }


def verdict_line(verdict: dict[str, Any], hidden: bool) -> str:
    line = f"{verdict['test']}: {verdict['outcome']}"
    detail = verdict["detail"]
    names = ("call", "expected", "actual", "exception", "message", "limit")
    shown = [f"{name}: {detail[name]}" for name in names if hidden and detail.get(name)]
    return "\n  ".join([line, *shown])


def error_of(export: Export, sample: Sample) -> dict[str, str] | None:
    """What kept it from being measured. A task without hidden tests has nothing to measure."""
    if sample.measured or (sample.answered and "graded_by" not in export.row.config):
        return None
    why = "the hidden tests gave no verdict" if sample.answered else sample.result.reason
    message = f"not measured: {why}"
    return {"message": message, "traceback": message, "traceback_ansi": message}


def limit_of(sample: Sample) -> dict[str, Any] | None:
    """A budget of Assay's is of many kinds at once, which upstream calls custom."""
    if not sample.result.stopped.endswith("budget"):
        return None
    return {"type": "custom", "limit": 0, "reason": f"{sample.result.stopped} spent"}


def transcript(events: Sequence[Event], begun: float) -> Iterator[dict[str, Any]]:
    for event in events:
        if event.kind == "completion":
            yield {**model_event(event.body), **stamp(event, begun)}
        elif event.kind in TOLD:
            yield {"event": "info", "source": event.kind, "data": event.body, **stamp(event, begun)}


def stamp(event: Event, begun: float) -> dict[str, Any]:
    return {
        "uuid": digest(f"{event.run} {event.seq}"),
        "timestamp": moment(event.at),
        "working_start": round(event.at - begun, 3),
    }


def model_event(body: dict[str, Any]) -> dict[str, Any]:
    prompt, completion = body["prompt"], body["completion"]
    config = {name: prompt[name] for name in ("temperature", "top_p", "max_tokens", "seed")}
    if prompt["stop"]:
        config["stop_seqs"] = prompt["stop"]
    return {
        "event": "model",
        "model": completion["model"],
        "input": messages_of(prompt),
        "tools": [],
        "tool_choice": "none",
        "config": config,
        "output": output_of(completion),
        "cache": "read" if completion["cached"] else None,
        "working_time": completion["seconds"],
    }


def scoring(score: dict[str, Any] | None, at: float, begun: float) -> Iterator[dict[str, Any]]:
    if score:
        yield {
            "event": "score",
            "score": score,
            "scorer": SCORER,
            "timestamp": moment(at),
            "working_start": round(at - begun, 3),
        }
