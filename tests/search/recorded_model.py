"""A model made of recorded completions: programs of a real one, and set words between them.

The programs are those that Qwen2.5-Coder-0.5B wrote for the bare task (`recorded/`), in the order
of their draws; whatever asks for a plan, a review or a critique gets the words of `SAID`. So every
strategy can be driven on 20 problems of HumanEval without a model, and always the same way.
"""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from assay.errors import SandboxError
from assay.model import Prompt
from assay.model.scripted import Reply, Scripted
from assay.problem import Problem, humaneval
from assay.sandbox import Isolation, Job, Run, Sandbox

RECORDING = Path(__file__).parent / "recorded" / "qwen05_every8.jsonl.gz"
EVERY, COUNT = 8, 20
PROGRAMS = 6
"""Of one problem; after them the last one is written again and again."""

KINDS = {
    "Write a short plan in at most": "plan",
    "through this plan, one short line": "work",
    "Is each of these steps right": "check",
    "Compare what the program did": "analyse",
    "First name one similar problem": "plan",
    "Execute this plan by hand": "simulate",
    "Write the whole corrected plan": "replan",
    "observations that help": "observe",
    "Describe a solution in words": "sketch",
    "Somebody proposes this solution": "criticise",
    "different strategies": "strategies",
    'End with a last line "Score: N"': "review",
    "different ways to correct": "fixes",
    "different thoughts that could come": "expand",
    "a better one in its place": "rethink",
    "Do not write new code yet": "ask",
    "what to do differently next time": "lesson",
    "Hypothesis": "properties",
    "Do not write the solution. Reply with the asserts": "own tests",
    "Write only the sketch for this task": "outline",
    "Now write the code for this sketch": "outlined",
    "First write a few tests": "tests first",
    "Your reply held no python code": "reminder",
    "Follow this:": "guided",
    "Now write a better version": "rewrite",
}
"""A phrase of a prompt to what it asks for. Without one it asks for a program: for the bare task,
or better than the one before."""
LIST = "1. Handle the empty input first.\n2. Go over the values once.\n3. Check the last value too."
SAID = {
    "plan": "1. Look at the arguments.\n2. Compute the result.\n3. Return it.",
    "work": "Step 1 gives the arguments, step 3 the result.",
    "check": "Each step follows.\nVerdict: right",
    "analyse": "The program leaves the plan at its second step.",
    "simulate": "The plan gives what is expected.\nVerdict: right",
    "replan": "1. Compute the result another way.\n2. Return it.",
    "observe": LIST,
    "sketch": "Go over the values and keep what is asked for.",
    "criticise": "It forgets the empty input; look at it first.",
    "strategies": LIST,
    "review": "It fails on the first example.\nScore: 4",
    "fixes": LIST,
    "expand": LIST,
    "rethink": "Compare each value with all others.",
    "ask": "The condition is wrong.",
    "lesson": "Mind the bounds of the loop.",
    "properties": "There are none.",
    "own tests": "There are none.",
    "outline": "Input: values. Output: result.\n1. for each value\n2. return the result",
}


def kind_of(prompt: Prompt) -> str:
    """What a prompt asks for, by its last message."""
    text = prompt.messages[-1].content
    program = "bare" if len(prompt.messages) == 2 else "repair"
    return next((kind for phrase, kind in KINDS.items() if phrase in text), program)


@cache
def problems() -> list[Problem]:
    return list(humaneval.problems())[::EVERY][:COUNT]


@cache
def rows() -> list[dict[str, Any]]:
    lines = gzip.decompress(RECORDING.read_bytes()).decode().splitlines()
    return [json.loads(line) for line in lines]


@cache
def programs(problem: Problem) -> tuple[str, ...]:
    """Distinct replies to the bare task: the greedy one, then by the number of the draw."""
    found = [
        row
        for row in rows()
        if len(row["messages"]) == 2 and problem.prompt.strip() in row["messages"][1]["content"]
    ]
    found.sort(key=lambda row: (row["temperature"] > 0, row["seed"]))
    return tuple(dict.fromkeys(row["text"] for row in found))[:PROGRAMS]


def model_for(problem: Problem) -> Scripted:
    written = programs(problem)
    said = [Reply(match=phrase, text=SAID[kind]) for phrase, kind in KINDS.items() if kind in SAID]
    return Scripted([*said, *written, Reply(match="", text=written[-1])])


class Remembered:
    """A sandbox that runs each job once for all strategies, and nothing around a program: what a
    tracer or an analyser would say is left out."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._runs: dict[Job, Run] = {}

    @property
    def isolation(self) -> Isolation:
        return self._sandbox.isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        if any(job.stdin or job.language != "python" for job in jobs):
            raise SandboxError("only programs are run here")
        for job in jobs:
            if job not in self._runs:
                [self._runs[job]] = await self._sandbox.run([job])
        return [self._runs[job] for job in jobs]

    async def close(self) -> None:
        """The sandbox is its owner's."""
