"""The OpenAI backend against a real server on 127.0.0.1 that misbehaves."""

import asyncio
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web
from model_doubles import Handler, answer, ask, serving

from assay.errors import ModelBusy, ModelError
from assay.model import Completion, Message, Prompt
from assay.model import openai as backend
from assay.model.openai import OpenAI
from assay.model.recorded import Recorded, Recording
from assay.model.retried import Retried

SECRET = "sk-do-not-print-me"


async def outcome(handler: Handler, timeout: float = 5.0) -> ModelError:
    """The error that one prompt gets from `handler`."""
    async with serving(handler) as url:
        model = OpenAI("m", base_url=url, api_key=SECRET, timeout=timeout)
        try:
            with pytest.raises(ModelError) as caught:
                await model.complete([ask()])
        finally:
            await model.close()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 700
    assert SECRET not in text
    return caught.value


async def answered(handler: Handler, prompts: list[Prompt]) -> list[Completion]:
    async with serving(handler) as url:
        model = OpenAI("m", base_url=url, api_key=SECRET)
        try:
            return await model.complete(prompts)
        finally:
            await model.close()


def replying(status: int, text: str = "", headers: dict[str, str] | None = None) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, headers=headers)

    return handler


async def test_what_is_sent_and_what_is_read() -> None:
    """Catches: a field of the prompt that never reaches the server; cached tokens unread."""
    seen: list[dict[str, object]] = []

    async def handler(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {SECRET}"
        seen.append(await request.json())
        return web.json_response(answer("hi", model="other", unknown={"key": 1}))

    system = Message("system", "be brief")
    prompt = Prompt(
        messages=(system, Message("user", "a\ud800b")),
        temperature=0.5,
        top_p=0.9,
        max_tokens=9,
        seed=3,
        stop=("X",),
    )
    [completion] = await answered(handler, [prompt])
    assert seen == [
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "a?b"},
            ],
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 9,
            "seed": 3,
            "stop": ["X"],
        }
    ]
    assert completion.text == "hi"
    assert completion.model == "openai/m"
    assert completion.usage.prompt_tokens == 7
    assert completion.usage.cached_tokens == 5
    assert completion.usage.completion_tokens == 3


async def test_500_is_passing() -> None:
    """Catches: a server's hiccup that ends a run."""
    error = await outcome(replying(500, '{"error": {"message": "out of cheese"}}'))
    assert isinstance(error, ModelBusy)
    assert "500" in str(error)
    assert "out of cheese" in str(error)


async def test_429_says_when() -> None:
    """Catches: `Retry-After`, seconds or a date, not understood; a mad one believed."""
    error = await outcome(replying(429, headers={"Retry-After": "7"}))
    assert isinstance(error, ModelBusy)
    assert error.retry_after == 7
    date = formatdate(time.time() + 100, usegmt=True)
    error = await outcome(replying(429, headers={"Retry-After": date}))
    assert isinstance(error, ModelBusy)
    assert error.retry_after is not None
    assert 90 < error.retry_after <= 100
    for mad in ("soon", "inf", "nan", "-3"):
        error = await outcome(replying(429, headers={"Retry-After": mad}))
        assert isinstance(error, ModelBusy)
        assert error.retry_after in (None, 0.0)


async def test_refusals_are_final_and_carry_the_server_message() -> None:
    """Catches: an endless retry with a wrong key; a bare status without the reason."""
    for status in (400, 401, 404):
        error = await outcome(replying(status, '{"error": {"message": "not for\\nyou"}}'))
        assert not isinstance(error, ModelBusy)
        assert f"{status}: not for you" in str(error)


async def test_dropped_connection() -> None:
    """Catches: aiohttp's own exception in the user's face."""

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert isinstance(await outcome(handler), ModelBusy)


async def test_truncated_body() -> None:
    """Catches: half a JSON taken for an answer."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "5000"})
        await response.prepare(request)
        await response.write(b'{"choices": [{"message": {"content": "half')
        assert request.transport is not None
        request.transport.close()
        return response

    assert isinstance(await outcome(handler), ModelBusy)


async def test_slow_server_is_a_time_out() -> None:
    """Catches: a run that hangs with its server."""

    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    started = time.monotonic()
    error = await outcome(handler, timeout=0.3)
    assert isinstance(error, ModelBusy)
    assert "in time" in str(error)
    assert time.monotonic() - started < 2


async def test_html_instead_of_json() -> None:
    """Catches: a gateway's page taken for an answer, or printed whole."""
    page = "<html><body>Bad gateway " + "x" * 5000
    error = await outcome(replying(200, page))
    assert "200" in str(error)
    assert "<html>" in str(error)
    error = await outcome(replying(502, page))
    assert isinstance(error, ModelBusy)


@pytest.mark.parametrize("body", ["{}", '{"choices": []}', "[]", "null", '{"choices": [{}]}', ""])
async def test_json_that_is_no_completion(body: str) -> None:
    """Catches: a KeyError, or an empty text made up."""
    assert "no chat completion" in str(await outcome(replying(200, body)))


async def test_huge_body_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: a hostile server that fills the memory."""
    monkeypatch.setattr(backend, "LARGEST_ANSWER", 1 << 20)
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            for _ in range(400):
                await response.write(b"x" * (1 << 16))
                sent += 1 << 16
        except ConnectionError:
            pass
        return response

    error = await outcome(handler)
    assert "more than 1 MiB" in str(error)
    assert sent < 20 << 20


async def test_log_probabilities_are_asked_for_where_they_are_wanted(tmp_path: Path) -> None:
    """Catches: a selector that can never see any; a cache and recordings that all go stale because
    of a field that is not used; a recording that loses them."""

    async def handler(request: web.Request) -> web.Response:
        body = answer("hi")
        if (await request.json()).get("logprobs"):
            tokens = [{"token": "h", "logprob": -0.25}, {"token": "i", "logprob": -0.5}]
            body["choices"][0]["logprobs"] = {"content": tokens}
        return web.json_response(body)

    plain, wanted = ask("hi"), ask("hi", logprobs=True)
    assert plain.key == "3cc479049a3537f74e4b34e551adb74c67c67f5c0a9708ef299583e6dee5af06"
    assert wanted.key != plain.key
    async with serving(handler) as url:
        model = Recording(OpenAI("m", base_url=url), tmp_path / "r.jsonl")
        first = await model.complete([plain, wanted])
        await model.close()
    again = await Recorded(tmp_path / "r.jsonl").complete([plain, wanted])
    for pair in (first, again):
        assert [completion.logprobs for completion in pair] == [None, (-0.25, -0.5)]


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        ("seed", "Unrecognized request argument supplied: seed"),
        ("logprobs", "logprobs is not supported with this model"),
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'."),
    ],
)
async def test_a_refused_parameter_is_left_out_and_remembered(refused: str, message: str) -> None:
    """Catches: servers without `seed` or `max_tokens` that cannot be used, or are asked twice."""
    bodies: list[dict[str, object]] = []

    async def handler(request: web.Request) -> web.Response:
        body = await request.json()
        bodies.append(body)
        if refused in body:
            return web.json_response({"error": {"message": message}}, status=400)
        return web.json_response(answer("ok"))

    async with serving(handler) as url:
        model = OpenAI("m", base_url=url)
        await model.complete([ask("a", logprobs=refused == "logprobs")])
        await model.complete([ask("b", logprobs=refused == "logprobs")])
        await model.close()
    assert [refused in body for body in bodies] == [True, False, False]
    if refused == "max_tokens":
        assert bodies[-1]["max_completion_tokens"] == 1024


async def test_requests_at_once_hear_of_a_refusal_each() -> None:
    """Catches: of several requests under way together, all but the first failing for a parameter
    that the first has just been told to leave out."""

    async def handler(request: web.Request) -> web.Response:
        body = await request.json()
        await asyncio.sleep(0.01)
        refused = {"max_tokens": "Use 'max_completion_tokens'", "seed": "no seed"}
        for name, message in refused.items():
            if name in body:
                return web.json_response({"error": {"message": message}}, status=400)
        return web.json_response(answer("ok"))

    completions = await answered(handler, [ask(str(number)) for number in range(5)])
    assert [completion.text for completion in completions] == ["ok"] * 5


@pytest.mark.parametrize("status", [400, 500])
async def test_an_error_nested_too_deeply_is_an_error(status: int) -> None:
    """Catches: a hostile body that ends the whole run with a RecursionError."""
    error = await outcome(replying(status, "[" * 200_000))
    assert f"answered {status}" in str(error)


@pytest.mark.parametrize("url", ["localhost:8080/v1", f"http://{'a' * 70}.example/v1"])
async def test_an_address_that_is_none_is_not_tried_again(url: str) -> None:
    """Catches: a UnicodeError out of the HTTP library, and an address without `http://` that
    counts as a passing failure."""
    model = OpenAI("m", base_url=url)
    with pytest.raises(ModelError, match="OPENAI_BASE_URL") as caught:
        await model.complete([ask()])
    await model.close()
    assert not isinstance(caught.value, ModelBusy)


async def test_a_key_that_no_header_can_hold_is_named() -> None:
    """Catches: a ValueError out of the HTTP library, and a message with the key in it."""
    async with serving(replying(200)) as url:
        model = OpenAI("m", base_url=url, api_key=f"{SECRET}\rx")
        with pytest.raises(ModelError, match="OPENAI_API_KEY") as caught:
            await model.complete([ask()])
        await model.close()
    assert SECRET not in str(caught.value)


async def test_blanks_around_a_key_are_no_part_of_it() -> None:
    """Catches: a key out of a file with Windows line ends, which no request can carry."""

    async def handler(request: web.Request) -> web.Response:
        return web.json_response(answer(request.headers["Authorization"]))

    async with serving(handler) as url:
        model = OpenAI("m", base_url=url, api_key="key\r\n")
        [completion] = await model.complete([ask()])
        await model.close()
    assert completion.text == "Bearer key"


async def test_a_400_that_stays_is_asked_once_more_at_most() -> None:
    """Catches: an endless loop on a server that always complains of `seed`."""
    asked = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"error": "seed, seed, seed"}, status=400)

    await outcome(handler)
    assert asked == 2


async def test_refused_connection_names_the_way_out() -> None:
    """Catches: 'Cannot connect to host' with no word about which setting to look at."""
    model = OpenAI("m", base_url="http://127.0.0.1:1/v1")
    with pytest.raises(ModelBusy) as caught:
        await model.complete([ask()])
    await model.close()
    assert "http://127.0.0.1:1/v1" in str(caught.value)
    assert "OPENAI_BASE_URL" in str(caught.value)
    model = OpenAI("m", base_url="no url at all")
    with pytest.raises(ModelError, match="OPENAI_BASE_URL"):
        await model.complete([ask()])
    await model.close()


async def test_connections_are_limited() -> None:
    """Catches: a batch of a thousand that opens a thousand sockets."""
    running = most = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return web.json_response(answer("ok"))

    async with serving(handler) as url:
        model = OpenAI("m", base_url=url, connections=4)
        await model.complete([ask(str(number)) for number in range(20)])
        await model.close()
    assert most == 4


async def test_retried_gets_through_a_server_that_fails_twice() -> None:
    """Catches: a wrapper and a backend that do not understand each other."""
    asked = 0
    waits: list[float] = []

    async def handler(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked <= 2:
            return web.Response(status=429, headers={"Retry-After": "3"})
        return web.json_response(answer("at last"))

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with serving(handler) as url:
        model = Retried(OpenAI("m", base_url=url), sleep=sleep)
        [completion] = await model.complete([ask()])
        await model.close()
    assert completion.text == "at last"
    assert waits == [3, 3]
