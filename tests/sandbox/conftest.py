"""One sandbox a tier for the whole run: workers stay warm."""

import asyncio
from collections.abc import Iterator

import pytest

from assay.errors import NoSandbox
from assay.sandbox import Sandbox, open_sandbox
from served import Servers


@pytest.fixture(scope="session", params=["namespaces", "landlock", "container", "remote", "unsafe"])
def sandbox(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """Every tier that can be had here; `remote` is an Assay in another process."""
    if request.param == "container":
        yield request.getfixturevalue("contained")
        return
    servers = Servers(tmp_path_factory.mktemp("home"))
    if request.param == "remote":
        made = open_sandbox(remote=servers("--slots", "2").url, slots=2)
    else:
        made = opened(request.param)
    yield made
    asyncio.run(made.close())
    servers.close()


@pytest.fixture(scope="session", params=["namespaces", "landlock", "container"])
def isolated(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Every tier that isolates."""
    if request.param == "container":
        yield request.getfixturevalue("contained")
        return
    made = opened(request.param)
    yield made
    asyncio.run(made.close())


@pytest.fixture(scope="session")
def contained() -> Iterator[Sandbox]:
    """Skips where no container engine works, or the image (`ASSAY_IMAGE`) is not there."""
    made = opened("container")
    yield made
    asyncio.run(made.close())


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> None:
    """The same for tests that open their tier themselves."""
    parameters = getattr(request.node, "callspec", None)
    if parameters is not None and parameters.params.get("how") == {"tier": "container"}:
        request.getfixturevalue("contained")


@pytest.fixture(scope="session", params=["namespaces", "landlock"])
def near(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """The tiers that isolate with processes of this machine, which a test can break."""
    made = opened(request.param)
    yield made
    asyncio.run(made.close())


@pytest.fixture(scope="session")
def namespaced() -> Iterator[Sandbox]:
    """The tier that runs other languages than Python too."""
    made = opened("namespaces")
    yield made
    asyncio.run(made.close())


def opened(tier: str) -> Sandbox:
    """Skips where this machine does not offer that tier."""
    try:
        if tier == "unsafe":
            return open_sandbox(unsafe=True, slots=2)
        return open_sandbox(tier=tier, slots=2)
    except NoSandbox as error:
        pytest.skip(str(error))
