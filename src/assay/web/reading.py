"""Bodies of requests, read with suspicion."""

import asyncio
import json
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

BODY_SECONDS = 30.0
"""How long the body may take to arrive."""


class Bad(Exception):
    """A request that is answered with an error: the status, and what is wrong."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_json(request: web.Request) -> object:
    """Raises `Bad` for a body that does not come or is no JSON."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.read()
    except TimeoutError:
        raise Bad(408, "the body did not come in time") from None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "cannot be decoded"
        raise Bad(400, f"the body is no JSON: {reason}") from None


async def read_as(request: web.Request, model: type[M]) -> M:
    """Raises pydantic's `ValidationError`, or `Bad`."""
    return model.model_validate(await read_json(request))
