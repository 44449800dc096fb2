"""One sandbox a tier for the whole run: workers stay warm."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from assay.sandbox import Sandbox, open_sandbox


@pytest.fixture(scope="session", params=["namespaces", "unsafe"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Every tier that can be had here."""
    made = open_sandbox(unsafe=request.param == "unsafe", slots=2)
    yield made
    asyncio.run(made.close())


@pytest.fixture(scope="session")
def isolated() -> Iterator[Sandbox]:
    """The namespaces tier."""
    made: Any = open_sandbox(slots=2)
    yield made
    asyncio.run(made.close())
