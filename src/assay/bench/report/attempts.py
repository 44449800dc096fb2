"""What happened to one problem in one cell, as steps: out of the events of the log."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from assay.bench.history import last
from assay.bench.report.shelf import Shelf
from assay.feedback.shorten import clip
from assay.store import Event

SHORT = 600
"""Characters of a value in the evidence of a verdict."""
OF_A_RUN = ("outcome", "judging", "cpu_seconds", "wall_seconds", "peak_bytes", "flaky")


def item_of(shelf: Shelf, events: Sequence[Event], grade: dict[str, Any] | None) -> dict[str, Any]:
    """`steps` in the order in which they were made, `decision`, and `grade`: a run's number."""
    decision = last(events, "decision")
    return {
        "steps": [
            {"kind": event.kind, **STEPS.get(event.kind, other)(shelf, event.body)}
            for event in events
            if event.kind not in APART
        ],
        "decision": decision and {key: decision[key] for key in OF_A_DECISION if key in decision},
        "grade": shelf.run(run_of(shelf, grade)),
    }


APART = ("problem", "decision", "grade", "result")
"""Kinds that are no steps."""
OF_A_DECISION = ("status", "reason", "chosen", "order", "cluster", "confidence", "evidence")


def task_of(shelf: Shelf, body: dict[str, Any]) -> dict[str, Any]:
    """The problem as the solver saw it."""
    return {
        "prompt": shelf.text(body["prompt"]),
        "language": body["language"],
        "entry_point": body["entry_point"],
        "tests": [
            {"id": test["id"], "text": shelf.text(test_text(test))} for test in body["tests"]
        ],
    }


def test_text(test: dict[str, Any]) -> str:
    """What a test does and wants, without what is empty."""
    shown = {name: value for name, value in test.items() if name not in ("id", "origin")}
    if shown.get("expression") and shown.get("expected") is not None:
        equation = f"{shown.pop('expression')} == {shown.pop('expected')}"
        return "\n".join(filter(None, (equation, lines(shown))))
    return lines(shown)


def lines(body: dict[str, Any]) -> str:
    """A line a field, without what is empty."""
    return "\n".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in body.items()
        if value not in (None, "", [], {})
    )


def completion(shelf: Shelf, body: dict[str, Any]) -> dict[str, Any]:
    prompt, reply = body["prompt"], body["completion"]
    usage = reply["usage"]
    return {
        "messages": [[one["role"], shelf.text(one["content"])] for one in prompt["messages"]],
        "reply": shelf.text(reply["text"]),
        "tokens": [usage["prompt_tokens"], usage["completion_tokens"]],
        "seconds": round(reply["seconds"], 2),
        "cached": reply["cached"],
        "finish": reply["finish_reason"],
        "temperature": prompt["temperature"],
        "max_tokens": prompt["max_tokens"],
        "seed": prompt["seed"],
        "model": reply["model"],
    }


def attempt(shelf: Shelf, body: dict[str, Any]) -> dict[str, Any]:
    candidate, feedback = body["candidate"], body["feedback"]
    return {
        "id": candidate["id"],
        "parent": candidate["parent"],
        "made_by": candidate["made_by"],
        "code": shelf.text(candidate["code"]),
        "run": shelf.run(run_of(shelf, body["run"])),
        "passed": feedback["passed"],
        "source": feedback["source"],
        "message": shelf.text(feedback["message"]),
        "note": feedback.get("note", ""),
    }


def feedback(shelf: Shelf, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": body["candidate"],
        "source": body["source"],
        "message": shelf.text(body["message"]),
        "note": body.get("note", ""),
    }


def other(shelf: Shelf, body: dict[str, Any]) -> dict[str, Any]:
    """An error, a question to a person, or what a later version writes down."""
    return {"text": shelf.text(lines(body))}


STEPS: dict[str, Callable[[Shelf, dict[str, Any]], dict[str, Any]]] = {
    "completion": completion,
    "attempt": attempt,
    "feedback": feedback,
}


def run_of(shelf: Shelf, body: dict[str, Any] | None) -> dict[str, Any] | None:
    if body is None:
        return None
    return {
        **{name: body[name] for name in OF_A_RUN if name in body},
        "tier": body["isolation"]["tier"],
        "verdicts": [
            {
                "test": verdict["test"],
                "outcome": verdict["outcome"],
                "judging": verdict["judging"],
                "detail": evidence(verdict["detail"]),
            }
            for verdict in body["verdicts"]
        ],
        "detail": evidence(body["detail"]),
        "diagnostics": [
            clip(f"line {one['line']}: {one['message']}" if one["line"] else one["message"], SHORT)
            for one in body["diagnostics"]
        ],
        "stdout": shelf.text(body["stdout"] or None),
        "stderr": shelf.text(body["stderr"] or None),
    }


def evidence(detail: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known."""
    return {
        name: clip(value, SHORT) if isinstance(value, str) else value
        for name, value in detail.items()
        if value not in (None, "")
    }
