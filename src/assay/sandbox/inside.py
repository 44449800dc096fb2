"""What runs in a container of the container tier: jobs come in on stdin, runs go out on stdout.

Nothing but the standard library is there. The first process of the container: when it ends, the
kernel ends all others. It ends as soon as its stdin does, in the midst of a run too.
"""

import json
import os
import struct
import sys
import threading
from dataclasses import asdict
from queue import SimpleQueue
from typing import Any, BinaryIO, NoReturn

from assay.errors import SandboxError, UsageError
from assay.problem import Call, Command, Io, Limits, Script
from assay.sandbox import Isolation, Job
from assay.sandbox.here import Local

_HEAD = struct.Struct("!I")
_KINDS: dict[str, Any] = {"call": Call, "io": Io, "script": Script, "command": Command}
_HERE = Isolation(tier="container", filesystem=True, network=True, processes=True, memory=True)


def main() -> NoReturn:
    orders: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, orders), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else prints is no answer
    try:
        worker = Local("container", int(json.loads(orders.get())["slot"]))
    except (SandboxError, OSError) as error:
        _write(answers, {"error": str(error)})
        os._exit(1)
    _write(answers, {"python": sys.version.split()[0]})
    while True:
        _write(answers, _answer(worker, orders.get()))


def _read(stream: BinaryIO, orders: "SimpleQueue[bytes]") -> None:
    while True:
        head = stream.read(_HEAD.size)
        body = stream.read(_HEAD.unpack(head)[0]) if len(head) == _HEAD.size else b""
        if not body:
            os._exit(0)
        orders.put(body)


def _write(stream: BinaryIO, message: Any) -> None:
    body = json.dumps(message).encode()
    stream.write(_HEAD.pack(len(body)) + body)
    stream.flush()


def _answer(worker: Local, order: bytes) -> Any:
    """A list with the run; or the error, and whether it is of the job itself."""
    try:
        [row] = json.loads(order)
        return [asdict(worker.run(job_of(row), _HERE))]
    except UsageError as error:
        return {"error": str(error), "usage": True}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and told
        return {"error": str(error) or type(error).__name__}


def job_of(row: dict[str, Any]) -> Job:
    """As `transfer.dump_jobs` writes it, which is trusted here."""
    tests = [
        _KINDS[test["kind"]](**{key: _frozen(each) for key, each in test.items() if key != "kind"})
        for test in row["tests"]
    ]
    return Job(**row | {"tests": tuple(tests), "limits": Limits(**row["limits"])})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
