"""What a model gave is looked at before it is believed, kept or recorded."""

import math

from assay.errors import ModelError
from assay.model import Completion, Model, Prompt, Usage
from assay.model.gather import gather_all


class Checked:
    """Passes prompts on, each for itself, and raises `ModelError` for what is no completion."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return await gather_all(self._one(prompt) for prompt in prompts)

    async def close(self) -> None:
        await self._model.close()

    async def _one(self, prompt: Prompt) -> Completion:
        return only(await self._model.complete([prompt]))


def only(given: object) -> Completion:
    """The completion in the answer to one prompt. Raises `ModelError` for what is none: that is a
    failure on the way, and not what the model said."""
    found = given if isinstance(given, list) else []
    if len(found) != 1 or not isinstance(found[0], Completion):
        raise ModelError("the model's backend did not give one completion for one prompt")
    completion = found[0]
    usage = completion.usage
    if not isinstance(usage, Usage):
        raise ModelError("the model's backend did not say what was used")
    counts = (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens)
    if type(completion.text) is not str:
        raise ModelError("the model's backend gave a completion without a text")
    if any(type(count) is not int or count < 0 for count in counts):
        raise ModelError("the model's backend counted tokens that are no number")
    if not math.isfinite(completion.seconds):
        raise ModelError("the model's backend gave a time that is no number")
    return completion


_: type[Model] = Checked
