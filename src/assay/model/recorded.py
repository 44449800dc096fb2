"""Completions that were recorded: replaying them, and making the recording.

A recording is JSONL. A row has `text` and either the `key` of its prompt, or `messages` with
any of `temperature`, `top_p`, `max_tokens`, `seed` and `stop`; it answers the prompts that have
these messages and these values, whatever their other fields are. `usage`, `finish_reason`,
`model`, `seconds` and `token_logprobs` are given back where the row has them. Other keys are
ignored.
"""

import errno
import json
import os
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ValidationError

from assay.errors import ModelError, ProblemError
from assay.model import Completion, Message, Model, Prompt
from assay.model.gather import gather_all
from assay.model.wire import WireUsage

NAMED = ("temperature", "top_p", "max_tokens", "seed", "stop")


class Row(BaseModel):
    text: str
    key: str | None = None
    messages: tuple[Message, ...] | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    usage: WireUsage = WireUsage()
    finish_reason: str = "stop"
    model: str | None = None
    seconds: float = 0.0
    token_logprobs: tuple[float, ...] | None = None

    def answers(self, prompt: Prompt) -> bool:
        """For a row that was found by its messages: are the fields that it names the same?"""
        named = ((getattr(self, field), getattr(prompt, field)) for field in NAMED)
        return all(ours is None or ours == theirs for ours, theirs in named)


class Recorded:
    """Answers with the completions of a recording, and with nothing else."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        self._name = name or f"recorded/{path}"
        self._path = path
        self._by_key: dict[str, Row] = {}
        self._by_messages: dict[tuple[Message, ...], list[Row]] = {}
        for row in read_rows(path):
            if row.key is not None:
                self._by_key.setdefault(row.key, row)
            elif row.messages is not None:
                self._by_messages.setdefault(row.messages, []).append(row)

    @property
    def name(self) -> str:
        return self._name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return await gather_all(self._one(prompt) for prompt in prompts)

    async def close(self) -> None:
        """Nothing to give back."""

    async def _one(self, prompt: Prompt) -> Completion:
        row = self._by_key.get(prompt.key) or self._by_fields(prompt)
        if row is None:
            beginning = (
                " ".join(prompt.messages[-1].content.split())[:80] if prompt.messages else ""
            )
            raise ModelError(f"{self._path} has no completion for the prompt {beginning!r}")
        return Completion(
            text=row.text,
            usage=row.usage.usage(),
            finish_reason=row.finish_reason,
            model=row.model or self._name,
            seconds=row.seconds,
            logprobs=row.token_logprobs,
            cached=True,
        )

    def _by_fields(self, prompt: Prompt) -> Row | None:
        rows = self._by_messages.get(prompt.messages, [])
        return next((row for row in rows if row.answers(prompt)), None)


class Recording:
    """Passes prompts on to `model` and appends what it answers to the file, once a key.

    A row is one write to a file opened for appending, so a killed process loses at most the row
    that it was writing, which readers then leave out.
    """

    def __init__(self, model: Model, path: Path) -> None:
        self._model = model
        self._path = path
        self._keys = {row.key for row in read_rows(path)} if path.exists() else set()
        try:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise ProblemError(f"cannot record to {path}: {error.strerror}") from error
        self._open = True
        self._mend_last_row()

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return await gather_all(self._one(prompt) for prompt in prompts)

    async def close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._file)
        await self._model.close()

    async def _one(self, prompt: Prompt) -> Completion:
        [completion] = await self._model.complete([prompt])
        if prompt.key not in self._keys:
            self._keys.add(prompt.key)
            answer = asdict(completion)
            kept = {field: answer[field] for field in ("text", "usage", "finish_reason")}
            row = {"key": prompt.key, **asdict(prompt), **kept}
            row |= {"model": completion.model, "seconds": completion.seconds}
            row |= {"token_logprobs": completion.logprobs} if completion.logprobs else {}
            line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")
            self._append(line + b"\n")
        return completion

    def _mend_last_row(self) -> None:
        """Ends a last line that has no end: a half row goes, a whole one gets its newline."""
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            tail = content[whole:]
            os.ftruncate(self._file, whole)
            if _is_row(tail):
                self._append(tail + b"\n")

    def _append(self, line: bytes) -> None:
        """All of the line or, on a full disk, nothing of it."""
        size = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) < len(line):
                os.ftruncate(self._file, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise ModelError(f"cannot record to {self._path}: {error.strerror}") from error


def open_named(name: str, models_dir: Path | None = None) -> Model:
    return Recorded(Path(name))


def _is_row(line: bytes) -> bool:
    try:
        Row.model_validate_json(line)
    except ValidationError:
        return False
    return True


def read_rows(path: Path) -> list[Row]:
    """The rows of a recording; a last line that was cut off in writing is left out."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ProblemError(f"cannot read the recording {path}: {error.strerror}") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = Row.model_validate_json(line)
            if row.key is None and row.messages is None:
                raise ValueError("neither `key` nor `messages`")
        except (ValidationError, ValueError) as error:
            if number == len(lines):
                break
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            raise ProblemError(f"the recording {path}, line {number}: {reason}") from error
        rows.append(row)
    return rows


_recorded: type[Model] = Recorded
_recording: type[Model] = Recording
