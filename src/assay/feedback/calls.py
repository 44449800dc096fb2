"""What a program of ours needs to make a test's calls again around a candidate: plain data.

No expected value is in it but those that the text of a test function holds.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from assay.problem import Call, Command, Io, Script, Test
from assay.problem.stubs import BOM


def call_data(test: Call | Io | Script) -> dict[str, Any]:
    """`kind`: "call" with `setup` and `expression`; "io" with `stdin`; "script" with its fields."""
    match test:
        case Call():
            return {"kind": "call", "setup": test.setup, "expression": test.expression}
        case Io():
            return {"kind": "io", "stdin": test.stdin}
        case Script():
            return {"kind": "script"} | asdict(test)


def order(code: str, tests: Sequence[Test], **more: Any) -> str:
    """The candidate and the calls as JSON, for the standard input of such a program. A command is
    no call: it runs where it likes."""
    calls = [call_data(test) for test in tests if not isinstance(test, Command)]
    data = {"code": code.removeprefix(BOM), "tests": calls}
    return json.dumps(data | more)
