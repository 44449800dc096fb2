"""Tests that need the candidate's own classes: run in its process, and marked so.

The nonce only keeps a candidate from passing by accident or with a stock trick; what shares a
process with its judge can in the end say what it likes. That is why the mark exists.
"""

import os
import socket
import types
from collections.abc import Callable
from typing import Any, NoReturn

from assay.sandbox.child import report, scopes, wire
from assay.sandbox.child.serving import Capture

_exit, _send = os._exit, wire.send


def run(
    channel: socket.socket,
    module: types.ModuleType,
    request: dict[str, Any],
    run_test: Callable[..., dict[str, Any]],
    capture: Capture,
) -> NoReturn:
    """Sends one message a test over `channel`, which is the supervisor's here."""
    from assay.sandbox.child.checks import Context

    loaded: dict[str, Any] = {}
    for index, test in request["tests"]:
        report.arm(request["cpu"], request["wall"])
        capture.renew()
        verdict = run_test(test, Context(scopes.Direct(module), None, capture), loaded)
        _, verdict["peak"] = report.used()
        _send(channel, verdict | {"test": index, "nonce": request["nonce"]})
    _exit(0)
