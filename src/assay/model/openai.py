"""Chat Completions over HTTP: any OpenAI-compatible server (llama-server, vLLM, Ollama, …).

`OPENAI_BASE_URL` says where it is, `OPENAI_API_KEY` opens it. One request a prompt, many at a
time: a server that knows no `n` is none the worse.
"""

import asyncio
import contextlib
import json
import os
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import ValidationError

from assay.errors import ModelBusy, ModelError
from assay.model import Completion, Model, Prompt, Usage
from assay.model.gather import gather_all
from assay.model.wire import WireAnswer

DEFAULT_URL = "https://api.openai.com/v1"
LARGEST_ANSWER = 16 << 20
"""Bytes of a response that are read at most; no completion is that long."""
CONNECT_SECONDS = 15.0


class OpenAI:
    """A model behind an OpenAI-compatible address.

    A passing failure (429, 5xx, a dropped connection, a time-out) is `ModelBusy`; everything
    else is `ModelError`. Wrap it in `Retried` to have the former tried again.
    """

    def __init__(
        self,
        model: str,
        *,
        name: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        connections: int = 32,
        timeout: float = 600.0,
        extra: Mapping[str, object] | None = None,
        keep_alive: bool = True,
    ) -> None:
        """`extra` is sent along with every request; `timeout` is for one request, in seconds."""
        self._model = model
        self._name = name or f"openai/{model}"
        url = base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_URL
        self._url = url.rstrip("/") + "/chat/completions"
        self._shown = re.sub(r"//[^/@]*@", "//", self._url)  # messages name no password
        self._key = (api_key or os.environ.get("OPENAI_API_KEY") or "").strip()
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=CONNECT_SECONDS)
        self._turn = asyncio.Semaphore(connections)
        self._keep_alive = keep_alive
        self._extra = dict(extra or {})
        self._refused: set[str] = set()
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        return self._name

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return await gather_all(self._one(prompt) for prompt in prompts)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _one(self, prompt: Prompt) -> Completion:
        async with self._turn:
            started = time.monotonic()
            without = frozenset(self._refused)
            status, headers, body = await self._post(prompt, without)
            while status == 400 and (refused := _refused_now(body, without)):
                self._refused.add(refused)
                without = frozenset(self._refused)
                status, headers, body = await self._post(prompt, without)
            seconds = time.monotonic() - started
        if status != 200:
            raise _failure(status, headers, body, self._shown)
        return self._completion(body, seconds)

    def _body(self, prompt: Prompt, without: frozenset[str]) -> dict[str, Any]:
        """`without`: those of our parameters that the server is known to refuse."""
        limit = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [
                {"role": message.role, "content": _sendable(message.content)}
                for message in prompt.messages
            ],
            "temperature": prompt.temperature,
            "top_p": prompt.top_p,
            limit: prompt.max_tokens,
            "seed": prompt.seed,
            **self._extra,
        }
        if prompt.stop:
            body["stop"] = list(prompt.stop)
        if prompt.logprobs and "logprobs" not in without:
            body["logprobs"] = True
        if "seed" in without:
            del body["seed"]
        return body

    async def _post(
        self, prompt: Prompt, without: frozenset[str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body; the one place where aiohttp's exceptions are translated."""
        data = json.dumps(self._body(prompt, without)).encode()
        try:
            async with self._open().post(self._url, data=data) as response:
                body = await _read(response)
                return response.status, response.headers, body
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, UnicodeError) as error:
            raise ModelError(f"{self._shown} is no URL: set OPENAI_BASE_URL") from error
        except ValueError as error:  # what no header may hold
            raise ModelError(f"OPENAI_API_KEY is no key ({_reason(error)})") from error
        except aiohttp.ClientConnectorError as error:
            raise ModelBusy(
                f"cannot connect to {self._shown} ({_reason(error)}): "
                "is the server up, and OPENAI_BASE_URL right?"
            ) from error
        except TimeoutError as error:
            raise ModelBusy(f"{self._shown} did not answer in time") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise ModelBusy(f"{self._shown} broke off the answer ({_reason(error)})") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"Content-Type": "application/json"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            connector = (
                aiohttp.TCPConnector(limit=0, keepalive_timeout=4)
                if self._keep_alive
                else aiohttp.TCPConnector(limit=0, force_close=True)
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=headers,
                timeout=self._timeout,
                trust_env=self._keep_alive,
            )
        return self._session

    def _completion(self, body: bytes, seconds: float) -> Completion:
        try:
            answer = WireAnswer.model_validate_json(body)
        except ValidationError as error:
            raise ModelBusy(
                f"{self._shown} answered 200 with no chat completion: {_beginning(body)!r}"
            ) from error
        choice = answer.choices[0]
        tokens = choice.logprobs.content if choice.logprobs else None
        return Completion(
            text=choice.message.content or "",
            usage=answer.usage.usage() if answer.usage else Usage(),
            finish_reason=choice.finish_reason or "unknown",
            model=self._name,
            seconds=seconds,
            logprobs=tuple(token.logprob for token in tokens) if tokens else None,
        )


def open_named(name: str, models_dir: Path | None = None) -> Model:
    return OpenAI(name)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            response.close()
            raise ModelError(f"{response.url} sent more than {LARGEST_ANSWER >> 20} MiB")
    return bytes(body)


def _failure(status: int, headers: Mapping[str, str], body: bytes, url: str) -> ModelError:
    message = f"{url} answered {status}: {_server_message(body) or 'nothing'}"
    if status in {408, 409, 425, 429} or status >= 500:
        return ModelBusy(message, _retry_after(headers.get("Retry-After")))
    if status in {401, 403}:
        message += " (is OPENAI_API_KEY right?)"
    return ModelError(message)


def _refused_now(body: bytes, without: frozenset[str]) -> str | None:
    """Which of our parameters a 400 complains of, of those that were sent: other requests may
    have heard the same meanwhile."""
    message = _server_message(body)
    if "max_completion_tokens" in message and "max_tokens" not in without:
        return "max_tokens"
    for name in ("seed", "logprobs"):
        if name in message and name not in without:
            return name
    return None


def _retry_after(value: str | None) -> float | None:
    """Seconds from now, out of a number of seconds or an HTTP date."""
    if not value:
        return None
    with contextlib.suppress(ValueError):
        seconds = float(value)
        return max(0.0, seconds) if seconds < float("inf") else None
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return None


def _server_message(body: bytes) -> str:
    """What the server says went wrong, on one line; the first characters where it is no JSON."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return _beginning(body)
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    message = error.get("message", error) if isinstance(error, dict) else error
    return " ".join(str(message).split())[:500]


def _beginning(body: bytes) -> str:
    return " ".join(body[:400].decode("utf-8", "replace").split())[:120]


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _sendable(text: str) -> str:
    """Lone surrogates, which a candidate may print, are no UTF-8: servers refuse them."""
    return text.encode("utf-8", "replace").decode()


_: type[Model] = OpenAI
