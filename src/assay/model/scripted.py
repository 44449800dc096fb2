"""A model that says what a file says: for tests, demonstrations and simulated failures.

The file is a JSON list, or JSONL with one item a line. An item is a text, or an object:

    {"text": "…",            what to answer
     "match": "…",           only to prompts whose last user message contains this …
     "regex": "…",           … or has this pattern
     "times": 2,             so often; without it a rule never wears out, a plain reply serves once
     "error": "busy",        fail instead: "busy" is a ModelBusy, "error" a ModelError; `text` is
                             its message
     "retry_after": 0.5,     seconds that a "busy" asks for
     "usage": [50, 20],      tokens of the prompt and of the reply, true or not, instead of a
                             word each
     "delay": 1.5}           wait so many seconds first

The first item that matches and is not used up answers. Items without `match` and `regex` match
every prompt, so plain texts are given in order. Where nothing is left it is a `ModelError`.
"""

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from assay.errors import ModelBusy, ModelError, ProblemError
from assay.model import Completion, Model, Prompt, Usage
from assay.model.gather import gather_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One item of a script, with the keys of the module's docstring."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    text: str = ""
    match: str | None = None
    regex: str | None = None
    times: int | None = None
    error: Literal["busy", "error"] | None = None
    retry_after: float | None = None
    usage: tuple[int, int] | None = None
    delay: float = 0.0

    def answers(self, message: str) -> bool:
        if self.match is not None and self.match not in message:
            return False
        return self.regex is None or re.search(self.regex, message) is not None

    @property
    def uses(self) -> float:
        if self.times is not None:
            return self.times
        return 1 if self.match is None and self.regex is None else float("inf")


class Scripted:
    """Answers from `replies`, given out in the order in which prompts arrive."""

    def __init__(self, replies: Iterable[str | Reply], name: str = "scripted/replies") -> None:
        self._name = name
        self._replies = [Reply(text=one) if isinstance(one, str) else one for one in replies]
        self._left = [reply.uses for reply in self._replies]
        self.asked: list[Prompt] = []
        """Every prompt so far, for tests to look at."""

    @property
    def name(self) -> str:
        return self._name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        chosen = [self._choose(prompt) for prompt in prompts]
        pairs = zip(prompts, chosen, strict=True)
        return await gather_all(self._say(prompt, reply) for prompt, reply in pairs)

    async def close(self) -> None:
        """Nothing to give back."""

    def _choose(self, prompt: Prompt) -> Reply | None:
        self.asked.append(prompt)
        said = [message.content for message in prompt.messages if message.role == "user"]
        for index, reply in enumerate(self._replies):
            if self._left[index] > 0 and reply.answers(said[-1] if said else ""):
                self._left[index] -= 1
                return reply
        return None

    async def _say(self, prompt: Prompt, reply: Reply | None) -> Completion:
        if reply is None:
            raise ModelError(f"{self._name} has no reply left for prompt {len(self.asked)}")
        await asyncio.sleep(reply.delay)
        if reply.error == "busy":
            raise ModelBusy(reply.text or "scripted: busy", reply.retry_after)
        if reply.error is not None:
            raise ModelError(reply.text or "scripted: failed")
        words = sum(len(message.content.split()) for message in prompt.messages)
        read, written = reply.usage or (words, len(reply.text.split()))
        return Completion(
            text=reply.text,
            usage=Usage(prompt_tokens=read, completion_tokens=written),
            finish_reason="stop",
            model=self._name,
            seconds=reply.delay,
        )


def open_named(name: str, models_dir: Path | None = None) -> Model:
    return Scripted(read_script(Path(name)), name=f"scripted/{name}")


def read_script(path: Path) -> list[str | Reply]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ProblemError(f"cannot read the script {path}: {why}") from error
    try:
        if text.lstrip().startswith("[") and not path.name.endswith(".jsonl"):
            items = json.loads(text)
        else:
            items = [json.loads(line) for line in text.splitlines() if line.strip()]
        replies = TypeAdapter(list[str | Reply]).validate_python(items)
        for reply in replies:
            if isinstance(reply, Reply) and reply.regex is not None:
                re.compile(reply.regex)
    except ValidationError as error:
        # An item is tried as a text and as an object: what is said of the object is deeper.
        first = min(error.errors(), key=lambda one: (one["loc"][:1], -len(one["loc"])))
        where = "item " + " ".join(str(part) for part in (*first["loc"][:1], *first["loc"][2:]))
        raise ProblemError(f"the script {path}, {where}: {first['msg']}") from error
    except (ValueError, re.error) as error:
        raise ProblemError(f"the script {path} is malformed: {error}") from error
    return replies


_: type[Model] = Scripted
