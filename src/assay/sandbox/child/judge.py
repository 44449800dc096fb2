"""The judge's process: calls the candidate over a channel, compares, and writes the verdicts.

It stays for many candidates. Tests whose text can change nothing that outlives them
(`purity.pure`) share one judge; every other group of tests has a judge of its own, which ends
with it. The supervisor decides which; a judge only works through what it is sent.
"""

import contextlib
import random
import socket
import struct
import sys
import types
from typing import Any, NoReturn

from assay.sandbox.child import checks, proxies, report, scopes, static, wire
from assay.sandbox.child.confine import CONTROL
from assay.sandbox.child.peer import Gone

_QUIET = struct.pack("ll", 0, 10_000)
"""Time without an answer after which the supervisor hears what there is so far."""


def main() -> NoReturn:
    control = socket.socket(fileno=CONTROL)
    while True:
        order, fds = wire.recv(control)
        with socket.socket(fileno=fds[0]) as channel:
            Group(control, channel, order).judge()


class Group:
    """One group of tests on one candidate."""

    def __init__(self, control: socket.socket, channel: socket.socket, order: dict[str, Any]):
        self._control = control
        self._order = order
        self._done: list[dict[str, Any]] = []
        self._told = False
        self._peer = proxies.JudgePeer(channel, self._tell)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _QUIET)

    def judge(self) -> None:
        """Sends one or more messages; the last one has `end`."""
        random.seed(0)
        stdout, main_module = sys.stdout, sys.modules.get("__main__")
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            end = self._judge()
        finally:
            sys.stdout = stdout
            if main_module is not None:
                sys.modules["__main__"] = main_module
            for _, test in self._order["tests"]:
                for name in {*static.ALIASES, test.get("module") or "candidate", "test_candidate"}:
                    if static.may_install(name):
                        sys.modules.pop(name, None)
        self._send({"done": self._done, "end": end})

    def _judge(self) -> Any:
        """How it ended: `all`, `dead`, `unsplit`, or what the candidate said that failed."""
        try:
            loaded = self._peer.receive()
        except Gone:
            return {"load": None}
        if type(loaded.get("names")) is not list:
            said = {key: loaded[key] for key in ("build", "failed") if key in loaded}
            return {"load": {key: report.cleaned(data) for key, data in said.items()}}
        kinds = {
            pair[0]: pair[1]
            for pair in loaded["names"][:5000]
            if type(pair) is list and len(pair) == 2 and all(type(item) is str for item in pair)
        }
        if type(loaded.get("cpu")) is float:
            self._peer.cpu = loaded["cpu"]
        text = static.CandidateText(self._order["code"])
        shared: dict[str, Any] = {}
        if self._order["group"] == 1:
            report.reached()  # a test, which may end this process
        for index, test in self._order["tests"]:
            if self._done and static.laborious(test):
                self._send({"done": self._done})  # they are safe if this one never ends
                self._done = []
            verdict = self._one(test, kinds, text, shared) | {"test": index}
            self._done.append(verdict)
            if "outcome" not in verdict:
                return "unsplit" if "unsplit" in verdict else "dead"
        return "all"

    def _one(
        self,
        test: dict[str, Any],
        kinds: dict[str, str],
        text: static.CandidateText,
        shared: dict[str, Any],
    ) -> dict[str, Any]:
        try:
            self._told = False
            self._peer.begin(self._order["cpu"], self._order["wall"])
            scope = scopes.Split(self._peer, kinds, text)
            return checks.run(test, checks.Context(scope, self._peer), shared)
        except proxies.Dead:
            return {"dead": True, "detail": {}}

    def _tell(self) -> None:
        """The candidate takes its time: the supervisor starts the clock of this test."""
        if not self._told:
            self._told = True
            with contextlib.suppress(wire.Closed):
                self._send({"done": self._done})
            self._done = []

    def _send(self, message: dict[str, Any]) -> None:
        wire.send(self._control, message | {"group": self._order["group"]})
