"""One sandbox a tier for the whole run: workers stay warm."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from assay.sandbox import Sandbox, open_sandbox
from served import Servers


@pytest.fixture(scope="session", params=["namespaces", "remote", "unsafe"])
def sandbox(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """Every tier that can be had here; `remote` is an Assay in another process."""
    servers = Servers(tmp_path_factory.mktemp("home"))
    far = servers("--slots", "2").url if request.param == "remote" else None
    made = open_sandbox(unsafe=request.param == "unsafe", slots=2, remote=far)
    yield made
    asyncio.run(made.close())
    servers.close()


@pytest.fixture(scope="session")
def isolated() -> Iterator[Sandbox]:
    """The namespaces tier."""
    made: Any = open_sandbox(slots=2)
    yield made
    asyncio.run(made.close())
