"""Judges: processes that hold tests, call a candidate over a channel, and write verdicts."""

import os
import select
import socket
import time
from typing import Any

from assay.errors import SandboxError
from assay.problem import Limits
from assay.sandbox.candidate_run import Spawned
from assay.sandbox.worker import Worker, spawn_order

_LIMITS = Limits(memory_mb=1024, disk_mb=64, processes=64, cpu_seconds=600)
_OUTPUT = 65_536


class Judge(Spawned):
    """One judge. `shared` ones are kept by their worker for tests that leave nothing behind."""

    def __init__(self, worker: Worker, shared: bool) -> None:
        zygote = worker.zygotes["judge"]
        null = os.open("/dev/null", os.O_RDONLY)
        try:
            super().__init__(zygote, spawn_order(_LIMITS, 1, zygote.base_bytes), _OUTPUT, null)
        finally:
            os.close(null)
        self.shared = shared

    def take_on(self, order: dict[str, Any], channel: socket.socket) -> None:
        """Hands over the tests and this side of the candidate's socket."""
        if not self.send(order, [channel.fileno()]):
            raise SandboxError("the judge ended before it could judge")

    def message(self, seconds: float) -> Any:
        """Its next message, or `None` if it ends or stays silent."""
        until = time.monotonic() + seconds
        while not self.line.messages and self.line.open:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.line], [], [], left)[0]:
                return None
            self.line.read()
        return self.line.take()


def judge_for(worker: Worker, pure: bool) -> Judge:
    """The worker's shared judge, or a new one for tests that may change it.

    One judge at a time: ending one ends all that its fork server has forked.
    """
    kept: Judge | None = worker.judge
    if kept is not None and not (pure and kept.shared and kept.line.open):
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
