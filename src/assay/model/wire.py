"""What comes over the wire or out of a recording, checked before it is believed."""

from pydantic import BaseModel, Field

from assay.model import Usage


class WireDetails(BaseModel):
    cached_tokens: int | None = None


class WireUsage(BaseModel):
    """The usage of a Chat Completions answer; also `Usage` itself, as a recording has it."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    prompt_tokens_details: WireDetails | None = None

    def usage(self) -> Usage:
        details = self.prompt_tokens_details
        return Usage(
            prompt_tokens=self.prompt_tokens,
            cached_tokens=(details.cached_tokens if details else None) or self.cached_tokens,
            completion_tokens=self.completion_tokens,
        )


class WireMessage(BaseModel):
    content: str | None = None


class WireToken(BaseModel):
    logprob: float


class WireLogprobs(BaseModel):
    content: list[WireToken] | None = None


class WireChoice(BaseModel):
    message: WireMessage
    finish_reason: str | None = None
    logprobs: WireLogprobs | None = None
    """Where they were asked for (`"logprobs": true`)."""


class WireAnswer(BaseModel):
    """A Chat Completions answer, as far as Assay reads it."""

    choices: list[WireChoice] = Field(min_length=1)
    usage: WireUsage | None = None
    model: str | None = None
