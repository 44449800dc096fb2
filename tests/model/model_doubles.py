"""What the tests of `model` share: prompts, a faulty HTTP server, the real model where it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from assay.errors import AssayError
from assay.model import Completion, Message, Prompt, Usage
from assay.model.pull import find

REAL = "qwen2.5-coder-0.5b"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def ask(text: str = "hello", **fields: Any) -> Prompt:
    return Prompt(messages=(Message("user", text),), **fields)


def completion(text: str) -> Completion:
    usage = Usage(prompt_tokens=1, completion_tokens=1)
    return Completion(text=text, usage=usage, finish_reason="stop", model="echo", seconds=0.0)


class Echo:
    """Answers with the last message, after `delay`; fails on the texts in `failing`."""

    name = "echo/echo"

    def __init__(self, delay: float = 0.0, failing: dict[str, AssayError] | None = None) -> None:
        self.delay = delay
        self.failing = failing or {}
        self.asked: list[str] = []
        self.running = self.most_running = self.cancelled = self.closed = 0

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return [await self._one(prompt) for prompt in prompts]

    async def close(self) -> None:
        self.closed += 1

    async def _one(self, prompt: Prompt) -> Completion:
        text = prompt.messages[-1].content
        self.asked.append(text)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        if text in self.failing:
            raise self.failing[text]
        return completion(text.upper())


class DictShelf:
    """A `Shelf` in memory."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Completion] = {}

    def get(self, model_name: str, key: str) -> Completion | None:
        return self.rows.get((model_name, key))

    def put(self, model_name: str, prompt: Prompt, completion: Completion) -> None:
        self.rows[model_name, prompt.key] = completion


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A real HTTP server on 127.0.0.1 with `handler` at /v1/chat/completions; its base URL."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await runner.cleanup()


def answer(text: str, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 7,
            "completion_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 5},
        },
        **more,
    }


async def echo_handler(request: web.Request) -> web.Response:
    body = await request.json()
    return web.json_response(answer(body["messages"][-1]["content"].upper()))


def need_real_model() -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed")
    try:
        find(REAL)
    except AssayError as error:
        pytest.skip(f"no real model: {error}")
