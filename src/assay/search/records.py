"""Events as plain data: what the journal keeps and `--json` prints."""

from dataclasses import asdict
from typing import Any

from assay.feedback import Attempt
from assay.feedback.steps import Ask, Try
from assay.model import Completion, Prompt
from assay.sandbox import Run


def completion_record(prompt: Prompt, completion: Completion) -> dict[str, Any]:
    return {"key": prompt.key, "prompt": asdict(prompt), "completion": asdict(completion)}


def by_hand_record(number: int, request: object) -> dict[str, Any]:
    """What became of request `number` (from 1); `null`: the search was stopped."""
    match request:
        case Ask(prompts):
            changed: Any = {"prompts": [asdict(prompt) for prompt in prompts]}
        case Try(candidates):
            changed = {"candidates": [asdict(candidate) for candidate in candidates]}
        case _:
            changed = None
    return {"number": number, "request": changed}


def attempt_record(attempt: Attempt) -> dict[str, Any]:
    return {
        "candidate": {"id": attempt.candidate.id, **asdict(attempt.candidate)},
        "run": None if attempt.run is None else run_record(attempt.run),
        "feedback": asdict(attempt.feedback),
    }


def run_record(run: Run) -> dict[str, Any]:
    return {**asdict(run), "judging": run.judging}
