"""Judges: processes that hold tests, call a candidate over a channel, and write verdicts."""

import os
import select
import socket
import time
from typing import Any

from assay.problem import Limits
from assay.sandbox.candidate_run import Spawned
from assay.sandbox.worker import Worker, WorkerLost, spawn_order

LIMITS = Limits(memory_mb=1024, disk_mb=64, processes=64, cpu_seconds=600)
_OUTPUT = 65_536
_RETIRES = 2_000
"""Groups after which a shared judge is replaced: its CPU time and its memory have a limit."""


class Judge(Spawned):
    """One judge. `shared` ones are kept by their worker for tests that leave nothing behind."""

    def __init__(self, worker: Worker, shared: bool) -> None:
        zygote = worker.zygotes["judge"]
        null = os.open("/dev/null", os.O_RDONLY)
        try:
            super().__init__(zygote, spawn_order(LIMITS, 1, zygote.base_bytes), _OUTPUT, null)
        finally:
            os.close(null)
        self.shared = shared
        self.groups = 0
        """Groups of tests that it was given; its messages name theirs."""

    def take_on(self, order: dict[str, Any], channel: socket.socket) -> None:
        """Hands over the tests and this side of the candidate's socket."""
        self.groups += 1
        if not self.send(order | {"group": self.groups}, [channel.fileno()]):
            raise WorkerLost("the judge ended before it could judge")

    def has_news(self) -> bool:
        return bool(self.line.messages) or not self.line.open

    def message(self, seconds: float) -> dict[str, Any] | None:
        """Its next message about the group at hand, or `None` if it ends or stays silent."""
        until = time.monotonic() + seconds
        while True:
            found = self.line.take()
            if found is not None:
                mine = type(found) is dict and found.get("group") == self.groups
                return found if mine else None
            left = until - time.monotonic()
            if not self.line.open or left <= 0:
                return None
            if select.select([self.line], [], [], left)[0]:
                self.line.read()


def judge_for(worker: Worker, pure: bool) -> Judge:
    """The worker's shared judge, or a new one for tests that may change it.

    One judge at a time: ending one ends all that its fork server has forked.
    """
    kept: Judge | None = worker.judge
    fit = kept is not None and pure and kept.shared and kept.line.open
    if kept is not None and not (fit and kept.groups < _RETIRES):
        end_judge(worker)
        kept = None
    if kept is None:
        worker.judge = kept = Judge(worker, shared=pure)
    return kept


def end_judge(worker: Worker) -> None:
    kept: Judge | None = worker.judge
    worker.judge = None
    if kept is not None:
        kept.end()
