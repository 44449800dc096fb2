"""The judge's process: holds the tests, calls the candidate, and writes the verdicts.

The first process reads only; each group of tests runs in a fork of it, with a channel to a
candidate's process and a pipe that only it and the supervisor hold.
"""

import os
import socket
import sys
import types
from typing import Any, NoReturn

from assay.sandbox.child import checks, proxies, scopes, static, wire
from assay.sandbox.child.confine import CONTROL
from assay.sandbox.child.forks import fork


def main(request: dict[str, Any]) -> NoReturn:
    control = socket.socket(fileno=CONTROL)
    order, _ = wire.recv(control)
    tests = order["tests"]
    text = static.read_candidate(order["code"])
    wire.send(control, {"groups": group(tests, text)})
    while True:
        try:
            message, fds = wire.recv(control)
        except wire.Closed:
            os._exit(0)
        child = fork()
        if child == 0:
            control.close()
            judge_group(fds, message, [(i, tests[i]) for i in message["tests"]], text)
        wire.close_all(fds)
        _, status = os.waitpid(child, 0)
        wire.send(control, {"ended": os.waitstatus_to_exitcode(status)})


def group(tests: list[dict[str, Any]], text: static.CandidateText) -> list[dict[str, Any]]:
    """Which tests run together, and which must run in the candidate's process.

    Simple calls of a stateless candidate cannot tell whether they share a process; tests of one
    file for pytest or unittest share it as they do elsewhere. Every other test is alone.
    """
    groups: list[dict[str, Any]] = []
    keys: dict[Any, int] = {}
    for index, test in enumerate(tests):
        direct = static.needs_candidate(test, text)
        key: Any = index
        if test["kind"] == "script" and test["framework"] != "plain":
            key = (test["framework"], test["source"], direct)
        elif not direct and text.stateless and static.groupable(test):
            key = "calls"
        if key in keys:
            groups[keys[key]]["tests"].append(index)
        else:
            keys[key] = len(groups)
            groups.append({"tests": [index], "direct": direct})
    return groups


def judge_group(
    fds: list[int],
    message: dict[str, Any],
    tests: list[tuple[int, dict[str, Any]]],
    text: static.CandidateText,
) -> NoReturn:
    """Runs in the fork; one message a test; ends at the first that the candidate did not live."""
    channel, out = socket.socket(fileno=fds[0]), socket.socket(fileno=fds[1])
    main_module = types.ModuleType("__main__")
    sys.modules["__main__"] = main_module
    peer = proxies.JudgePeer(channel)
    kinds = {name: kind for name, kind in message["names"]}
    loaded: dict[str, Any] = {}
    for index, test in tests:
        verdict: dict[str, Any]
        try:
            peer.begin(message["cpu"], message["wall"])
            scope = scopes.Split(peer, kinds, text)
            verdict = checks.run(test, checks.Context(scope, peer), loaded)
        except proxies.Dead:
            verdict = {"dead": True, "detail": {}}
        verdict["test"] = index
        wire.send(out, verdict)
        if "outcome" not in verdict:
            break
    os._exit(0)
