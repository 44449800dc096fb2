"""What a solver may know: a `Problem` and its visible tests.

There is no field for hidden tests: those exist from `grade` down, so that a strategy, a
feedback source or a selector that looks at one is a type error.

Loaders: `python` (a file with stubs), `text`, `humaneval`, `jsonl`; `examples` finds the
examples in a docstring, `testfile` reads a file of tests.
"""

from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["given", "example", "generated", "person"]
"""Who claims that a test is right: the user, the task's own text, a model, or a person asked."""

Comparison = Literal["exact", "lines", "tokens", "unordered", "numbers"]
"""How two outputs are compared: byte for byte; by line without trailing blanks; by words; by line
in any order, as the rows of a query without ORDER BY; by line without blanks around it, where a
line of numbers may have them written otherwise (1.50 for 1.5)."""

Framework = Literal["plain", "pytest", "unittest"]
"""What runs a `Script`: a statement, pytest, or unittest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One expression over the candidate's names and the value that it must have."""

    id: str
    expression: str
    """Python, for instance `add(1, 2)`; evaluated where the candidate is not."""
    expected: str | None
    """A Python expression for the value, evaluated by the judge alone; `None` only observes."""
    tolerance: float | None = None
    """Largest absolute difference of floats anywhere in the value; `None`: exactly equal."""
    raises: str | None = None
    """Name of the exception type that must be raised instead."""
    setup: str = ""
    """Statements (imports, helpers) to run first, in the judge."""
    origin: Origin = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Io:
    """A whole program: what it reads from standard input and what it must print."""

    id: str
    stdin: str
    expected: str
    comparison: Comparison = "lines"
    origin: Origin = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Test code: `source` is loaded where the candidate is not, then `call` must not raise."""

    id: str
    source: str
    call: str
    """A statement (`check(add)`) for `plain`; for pytest `test_x`, `TestY::test_z` or with
    parameters `test_x[1-2]`; for unittest `TestY.test_z`."""
    framework: Framework = "plain"
    module: str | None = None
    """The name under which the tests import the candidate, where they import it."""
    origin: Origin = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command in a folder of its own, where the program lies as a file."""

    id: str
    argv: tuple[str, ...]
    """Never given to a shell. `python` is the one that runs Assay."""
    files: tuple[tuple[str, str], ...] = ()
    """Name and text of what else lies there."""
    file: str = ""
    """Name of the program's own file; empty: `main` with its language's ending."""
    stdin: str = ""
    status: int = 0
    """With which it must end."""
    expected: str | None = None
    """What it must print; `None`: anything."""
    comparison: Comparison = "lines"
    origin: Origin = "given"


Test = Call | Io | Script | Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may use; enforced by the kernel, per process tree."""

    cpu_seconds: float = 5.0
    """CPU time of one test."""
    wall_seconds: float = 15.0
    """Wall time of one test; longer than the CPU time so that a busy machine wrongs nobody."""
    memory_mb: int = 512
    processes: int = 48
    output_bytes: int = 65_536
    disk_mb: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A task as the solver sees it."""

    id: str
    prompt: str
    """The task: prose, or the source of the stubs with their docstrings."""
    language: str = "python"
    entry_point: str | None = None
    """The function asked for, where there is one."""
    starter: str = ""
    """Code that must be kept, byte for byte, other than the bodies of `stubs`."""
    stubs: tuple[str, ...] = ()
    """Qualified names (`f`, `C.m`) in `starter` whose bodies are to be written."""
    tests: tuple[Test, ...] = ()
    """VISIBLE tests only."""
    limits: Limits = field(default_factory=Limits)
