"""A double: a model that fails now and then, to see that no failure becomes a wrong answer.

`faulty/PROVIDER/NAME` is that model with one call in ten gone wrong;
`faulty/rate=0.3:seed=2:PROVIDER/NAME` says how many, and which.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from assay.errors import ModelBusy, ModelError, UsageError
from assay.model import Completion, Model, Prompt, Usage, open_model
from assay.model.gather import gather_all

Failure = Literal["error", "busy", "hang", "nothing", "type", "count"]
"""Fails; fails for the moment; does not answer in time; gives no completion, one whose text is
none, or one with tokens that are no number: the model said nothing, or it is not known what."""
Rubbish = Literal["empty", "broken", "foreign"]
"""An empty text, half a JSON object, what was said of another prompt: this is what it answered."""
FAILURES: tuple[Failure, ...] = get_args(Failure)
RUBBISH: tuple[Rubbish, ...] = get_args(Rubbish)


class Faulty:
    """Passes prompts on, but for a share `rate` of them. Which, and how, goes by `seed`, the
    prompt and how often it came, not by the order of arrival."""

    def __init__(
        self,
        model: Model,
        rate: float = 0.1,
        seed: int = 0,
        patience: float = 0.05,
        kinds: Sequence[Failure | Rubbish] = (*FAILURES, *RUBBISH),
    ) -> None:
        """`patience`: seconds until a call that hangs is given up."""
        self._model, self._rate, self._seed = model, rate, seed
        self._patience, self._kinds = patience, kinds
        self._seen: Counter[str] = Counter()
        self._said: list[str] = []
        self.faults: list[tuple[Prompt, Failure | Rubbish]] = []
        """What went wrong so far."""

    @property
    def name(self) -> str:
        return f"faulty/{self._model.name}"

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        """Raises `ModelError`, and gives what is no completion."""
        answers = await gather_all(self._one(prompt) for prompt in prompts)
        return [answer for answer in answers if answer is not None]

    async def close(self) -> None:
        await self._model.close()

    async def _one(self, prompt: Prompt) -> Any:
        key = prompt.key
        self._seen[key] += 1
        chance = random.Random(f"{self._seed} {self._seen[key]} {key}")
        if chance.random() >= self._rate:
            [completion] = await self._model.complete([prompt])
            self._said.append(completion.text)
            return completion
        kind = chance.choice(self._kinds)
        self.faults.append((prompt, kind))
        if kind == "error":
            raise ModelError("a fault: it failed")
        if kind == "busy":
            raise ModelBusy("a fault: too busy")
        if kind == "hang":
            await asyncio.sleep(self._patience)
            raise ModelBusy("a fault: no answer in time")
        if kind == "nothing":
            return None
        [completion] = await self._model.complete([prompt])
        wrong: Any = chance.choice([-1, None, "9"])  # as a server may send it
        changed: dict[str, Any] = {
            "type": {"text": chance.choice([None, 5, [], {"text": completion.text}])},
            "count": {"usage": Usage(completion_tokens=wrong)},
            "empty": {"text": ""},
            "broken": {"text": '{"code": "def'},
            "foreign": {"text": chance.choice(self._said or [""])},
        }
        return replace(completion, **changed[kind])


def open_named(name: str, models_dir: Path | None = None) -> Model:
    """Raises `UsageError` for a rate or seed that is none."""
    found = re.fullmatch(r"(?:rate=([\d.]+):)?(?:seed=(\d+):)?(.+)", name)
    try:
        rate = float(found[1] or 0.1) if found else 2.0
    except ValueError:
        rate = 2.0
    if not found or not 0 <= rate <= 1:
        raise UsageError(f"faulty/{name}: it is faulty/[rate=0.1:][seed=0:]PROVIDER/NAME")
    model = open_model(found[3], models_dir=models_dir)
    return Faulty(model, rate=rate, seed=int(found[2] or 0))


_: type[Model] = Faulty
