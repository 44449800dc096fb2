"""The code of docs/sandbox.md, run as it stands there."""

import ast
import asyncio
import inspect
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
SNIPPETS = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
PRINTED = ["passed 42\n\n", "passed 42\n\n", "two passed None None\nloop timeout 0.5 s of CPU 2\n"]


@pytest.mark.parametrize("number", range(3))
def test_snippet(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Defect: documented code that does not run, or prints something else."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(SNIPPETS[number], "docs/sandbox.md", "exec", flags=flags, dont_inherit=True)
    result = eval(code, {"__name__": "__main__"})
    if inspect.iscoroutine(result):
        asyncio.run(result)
    assert capsys.readouterr().out == PRINTED[number]


def test_every_snippet_is_run() -> None:
    """Defect: a snippet is added that no test runs."""
    assert len(SNIPPETS) == len(PRINTED)
