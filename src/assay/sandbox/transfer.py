"""Jobs and runs as JSON, exactly: what one end writes, the other reads back as it was.

Both ends check what comes strictly: an unknown key, a missing one or one of another type is an
error that names the field.
"""

import json
from dataclasses import MISSING, Field, asdict, fields
from functools import cache
from typing import Annotated, Any, Literal, Union, get_type_hints

import pydantic
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from assay.errors import SandboxError
from assay.problem import Call, Command, Io, Limits, Script, Test
from assay.sandbox import Detail, Diagnostic, Isolation, Job, Run, Verdict

KINDS: dict[str, type[Test]] = {"call": Call, "io": Io, "script": Script, "command": Command}
"""What the key `kind` of a test names."""
STRICT = ConfigDict(extra="forbid", strict=True)
_ASKED = {
    "cpu_seconds": Annotated[float, pydantic.Field(gt=0, le=3600, allow_inf_nan=False)],
    "wall_seconds": Annotated[float, pydantic.Field(gt=0, le=3600, allow_inf_nan=False)],
    "memory_mb": Annotated[int, pydantic.Field(gt=0, le=1 << 20)],
    "processes": Annotated[int, pydantic.Field(gt=0, le=1024)],
    "output_bytes": Annotated[int, pydantic.Field(gt=0, le=16 << 20)],
    "disk_mb": Annotated[int, pydantic.Field(gt=0, le=4096)],
}
"""What a stranger may ask for; the length of a text is limited by that of the whole body."""


def dump_jobs(jobs: list[Job]) -> bytes:
    kinds = {cls: kind for kind, cls in KINDS.items()}
    rows = [asdict(job) for job in jobs]
    for job, row in zip(jobs, rows, strict=True):
        row["tests"] = [
            {"kind": kinds[type(test)]} | data
            for test, data in zip(job.tests, row["tests"], strict=True)
        ]
    return json.dumps(rows).encode()


def load_jobs(data: object) -> list[Job]:
    """Jobs out of parsed JSON. Raises pydantic's `ValidationError`, which names the field."""
    rows: list[BaseModel] = _jobs().validate_python(data)
    return [_made(Job, row) for row in rows]


def dump_runs(runs: list[Run]) -> bytes:
    return json.dumps([asdict(run) for run in runs]).encode()


def load_runs(body: bytes) -> list[Run]:
    """Raises `SandboxError` for what no Assay of this version writes."""
    try:
        rows: list[BaseModel] = _runs().validate_python(json.loads(body))
    except ValidationError as error:
        raise SandboxError(f"no runs as this version knows them: {complaint(error)}") from None
    except (ValueError, RecursionError):
        raise SandboxError("no JSON where runs were expected") from None
    return [_made(Run, row) for row in rows]


def complaint(error: ValidationError) -> str:
    """The first thing that is wrong, and where: `0.tests.1.call.expected: …`."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{place}: {first['msg']}"


def _model(cls: type[Any], **changed: Any) -> Any:
    """A strict model with the fields of a dataclass, some of them of another type."""
    hints = get_type_hints(cls) | {name: kind for name, kind in changed.items()}
    known = {field.name: _default(field) for field in fields(cls)}
    shape: dict[str, Any] = {name: (kind, known.get(name, ...)) for name, kind in hints.items()}
    return create_model(cls.__name__, __config__=STRICT, **shape)


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return pydantic.Field(default_factory=field.default_factory)
    return ... if field.default is MISSING else field.default


_many: Any = list
"""`list`, for types that are only known when this runs."""


@cache
def _jobs() -> TypeAdapter[Any]:
    pair = Annotated[_many[str], pydantic.Field(min_length=2, max_length=2)]
    changed = {"command": {"argv": _many[str], "files": _many[pair]}}
    kinds: Any = tuple(
        _model(cls, kind=Literal[kind], **changed.get(kind, {})) for kind, cls in KINDS.items()
    )
    union: Any = Union
    test: Any = Annotated[union[kinds], pydantic.Field(discriminator="kind")]
    job = _model(Job, tests=_many[test], limits=_model(Limits, **_ASKED))
    return TypeAdapter(_many[job])


@cache
def _runs() -> TypeAdapter[Any]:
    detail = _model(Detail)
    run = _model(
        Run,
        verdicts=_many[_model(Verdict, detail=detail)],
        isolation=_model(Isolation),
        diagnostics=_many[_model(Diagnostic)],
        detail=detail,
    )
    return TypeAdapter(_many[run])


_PARTS: dict[str, type[Any]] = {
    cls.__name__: cls for cls in (*KINDS.values(), Limits, Detail, Diagnostic, Verdict, Isolation)
}


def _made(cls: type[Any], row: Any) -> Any:
    """The dataclass that a checked model stands for."""
    values = {field.name: _value(getattr(row, field.name)) for field in fields(cls)}
    return cls(**values)


def _value(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _made(_PARTS[type(value).__name__], value)
    if isinstance(value, list):
        return tuple(_value(item) for item in value)
    return value
