"""Traces one case: `{"code", "case", "most", "seconds"}` on stdin, JSON lines on stdout."""

import json
import os
import sys
from typing import Any

from assay.feedback.inside import cases, hooks
from assay.feedback.inside.record import Recorder
from assay.feedback.inside.show import error, show


def main() -> None:
    order = json.loads(sys.stdin.buffer.read())
    out = cases.silence()

    def emit(record: dict[str, Any]) -> int:
        body = b"\n" + json.dumps(record).encode() + b"\n"  # apart from what others write
        os.write(out, body)
        return len(body)

    hooks.guard()
    case = cases.Case(order["code"], order["case"])
    recorder = Recorder(emit, order["most"], order["seconds"], case.kind == "script")

    def leave(status: int = 0) -> None:
        recorder.finish({"kind": "exited", "value": f"os._exit({status!r})"})
        cases.os_exit(0)

    os._exit = leave  # type: ignore[assignment]  # a name of another module
    kind, value = cases.attempt(case.prepare)
    if kind == "returned":
        hooks.start(recorder)
        kind, value = cases.attempt(case.run)
        hooks.stop()
    recorder.finish({"kind": kind, "value": show(value) if kind == "returned" else error(value)})
    cases.os_exit(0)
