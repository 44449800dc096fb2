"""Who is asked. One protocol, batch first; a wrapper is a `Model` around a `Model`."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol

from assay.errors import UnknownName, UsageError


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One request for one completion; its `key` is what cache, recording and replay go by."""

    messages: tuple[Message, ...]
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 1024
    seed: int = 0
    stop: tuple[str, ...] = ()
    logprobs: bool = False
    """Whether the log-probability of each token is wanted too."""

    @property
    def key(self) -> str:
        """SHA-256 over every field, as hexadecimal: equal prompts have equal keys. One that wants
        no log-probabilities has the key that it had before there was such a wish. Nothing is drawn
        at temperature 0, so that the seed is no part of a greedy prompt."""
        fields = asdict(self)
        if self.temperature == 0:
            fields["seed"] = 0
        if not self.logprobs:
            del fields["logprobs"]
        text = json.dumps(fields, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, as the server counted them."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    """The part of `prompt_tokens` that the server did not have to read again."""
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    text: str
    usage: Usage
    finish_reason: str
    """`stop`, `length`, or what else the server said."""
    model: str
    seconds: float
    """Wall time of the request, when it was made."""
    logprobs: tuple[float, ...] | None = None
    """Log-probability of each token, where the backend gives it."""
    cached: bool = False
    """True when it came from the cache or a recording: nothing was paid for it now."""


class Model(Protocol):
    """Answers prompts. `name` is `provider/name`."""

    @property
    def name(self) -> str: ...

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        """One completion a prompt, in order. Raises `ModelError`; never returns a made-up text."""
        ...

    async def close(self) -> None:
        """Gives back connections, threads and processes; may be called twice."""
        ...


OnProgress = Callable[[int, int, str], None]
"""Told (bytes here, bytes in all, where they come from) while a model file is fetched."""

PROVIDERS = {
    "embedded": "assay.model.embedded",
    "faulty": "assay.model.faulty",
    "openai": "assay.model.openai",
    "recorded": "assay.model.recorded",
    "scripted": "assay.model.scripted",
}
"""Provider -> module, imported when asked for; each has `open_named(name, models_dir)`."""


def open_model(
    name: str, *, models_dir: Path | None = None, on_progress: OnProgress | None = None
) -> Model:
    """The model called `provider/name`: embedded/NAME, openai/NAME, scripted/FILE, recorded/FILE.

    With `on_progress` an embedded model that is not on this machine is fetched first; without
    it that is a `ModelMissing`, which says how to get it.
    """
    provider, slash, rest = name.partition("/")
    if provider not in PROVIDERS:
        raise UnknownName("model provider", provider, [f"{known}/…" for known in PROVIDERS])
    if not slash or not rest:
        raise UsageError(f"the model {name!r} has no name after the provider: {provider}/NAME")
    if provider == "embedded" and on_progress is not None:
        import_module("assay.model.pull").ensure(rest, on_progress, models_dir)
    opened: Model = import_module(PROVIDERS[provider]).open_named(rest, models_dir)
    return opened
