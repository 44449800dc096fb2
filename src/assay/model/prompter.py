"""The wording and the sampling of prompts: Jinja2 text files, overridable one by one."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import UsageError
from assay.model import Message, Prompt
from assay.model.window import fit

if TYPE_CHECKING:
    from jinja2 import Environment

PACKAGE = Path(__file__).parents[1]
WHILE_RENDERING = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError)
"""What the expressions of a template, or a file that is no text, may raise."""


def fenced(language: str, code: str) -> str:
    """Code as a block that nothing in it closes: its fence is longer than any row of backticks
    in the code. Every template has it."""
    longest = max(map(len, re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


@dataclass(frozen=True)
class Prompter:
    """Makes prompts. The first sample is greedy, so that all strategies share it; later ones
    are drawn at `temperature` with seeds of their own."""

    temperature: float = 0.8
    top_p: float = 0.95
    max_tokens: int = 1024
    seed: int = 0
    directory: Path | None = field(default=None)
    """Where templates of the same name win over those of the package."""
    sources: tuple[str, ...] | None = None
    """Feedback sources asked for; `None`: those that the strategy prefers."""
    feedback_tokens: int = 800
    """Most tokens of feedback in one prompt, by estimate."""
    logprobs: bool = False
    """Whether log-probabilities are asked for, which the selector `likelihood` needs."""
    context: int | None = None
    """Tokens that the model reads and writes at once, and to which conversations are trimmed;
    `None`: not known, and nothing is trimmed."""

    @cached_property
    def _environment(self) -> "Environment":
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        # The templates of a folder lie beside the code that uses them.
        folders = sorted(PACKAGE.glob("*/prompts"))
        if self.directory is not None:
            folders.insert(0, self.directory)
        environment: Environment = SandboxedEnvironment(
            loader=FileSystemLoader(folders),
            undefined=StrictUndefined,
            autoescape=False,  # the output is text for a model, not HTML
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        environment.globals["fenced"] = fenced
        return environment

    def text(self, template: str, **values: Any) -> str:
        """The template `<template>.jinja`, filled. Raises `UsageError` for one that is broken."""
        from jinja2 import TemplateError

        try:
            return self._environment.get_template(f"{template}.jinja").render(**values).strip("\n")
        except (TemplateError, *WHILE_RENDERING) as error:
            raise UsageError(f"prompt template {template}.jinja: {error}") from error

    def first(self, user: str, **values: Any) -> tuple[Message, ...]:
        """The opening of a conversation: the system text and what the user says."""
        system = Message("system", self.text("system", **values))
        return (system, Message("user", user))

    def prompt(self, messages: tuple[Message, ...], draw: int = 0) -> Prompt:
        """`draw` 0 is the greedy answer; each further number is another random one."""
        return Prompt(
            messages=self.trimmed(messages),
            temperature=0.0 if draw == 0 else self.temperature,
            top_p=1.0 if draw == 0 else self.top_p,
            max_tokens=self.max_tokens,
            seed=self.seed if draw == 0 else self.seed * 1_000_003 + draw,
            logprobs=self.logprobs,
        )

    def trimmed(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The conversation as it fits beside the longest reply; see `window`."""
        return messages if self.context is None else fit(messages, self.context - self.max_tokens)
