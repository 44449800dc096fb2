"""Everything that Assay raises on purpose, drawn once.

    AssayError                 one clear line for a person; `code` is the process's exit status
    ├── UsageError        (2)  what was asked cannot be done as asked
    │   ├── ProblemError  (2)  a problem, test or sample file that cannot be read
    │   └── UnknownName   (2)  no such model, suite, strategy, selector: lists the choices
    ├── ModelError        (1)  the model, or the way to it, failed: never a wrong answer
    │   ├── ModelBusy     (1)  worth another try, after `retry_after` seconds where it said so
    │   └── ModelMissing  (2)  the model's file or its runtime is not here: says how to get it
    ├── SandboxError      (1)  the sandbox failed: the attempt is unmeasured, never wrong
    │   └── NoSandbox     (6)  this machine cannot isolate: says what is missing
    ├── BudgetSpent       (5)  the next step would overrun the budget, so it was not made
    └── StoreError        (1)  the log cannot be read or written

A candidate that fails is data (`sandbox.Run`), not an exception.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class AssayError(Exception):
    """The root: `str(error)` is one line that says what happened and what to do."""

    code = 1


class UsageError(AssayError):
    """What was asked cannot be done as asked."""

    code = 2


class ProblemError(UsageError):
    """A problem, test or sample file cannot be read."""


class UnknownName(UsageError):
    """There is no such model, suite, strategy, source or selector."""

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        known = sorted(choices)
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"unknown {kind} {name!r}.{hint} Choices: {', '.join(known)}")


class ModelError(AssayError):
    """The model, or the way to it, failed."""


class ModelBusy(ModelError):
    """A passing failure (429, 5xx, a dropped connection, a time-out): worth another try."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelMissing(ModelError):
    """The model's file, or the package that runs it, is not on this machine."""

    code = 2


class SandboxError(AssayError):
    """The sandbox itself failed; what it was running stays unmeasured."""


class NoSandbox(SandboxError):
    """This machine offers no isolation that Assay accepts."""

    code = 6


class BudgetSpent(AssayError):
    """The next step would overrun the budget."""

    code = 5

    def __init__(self, message: str, *, total: bool = False) -> None:
        """`total`: that of the whole run; the problem's own would have had room."""
        super().__init__(message)
        self.total = total


class StoreError(AssayError):
    """The log cannot be read or written."""
