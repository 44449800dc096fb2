"""The tier for machines where only a container engine isolates: a container for each worker.

In it runs what runs elsewhere (`inside`), and keeps runs apart by user ids (`child.users`).
"""

import json
import secrets
import threading
from dataclasses import replace

from assay.errors import NoSandbox, SandboxError, UsageError
from assay.problem import Limits
from assay.sandbox import Isolation, Job, Probe, Run, Sandbox
from assay.sandbox.contained import Container
from assay.sandbox.engine import ENGINES, USUAL, Engine, image, installed, room_of
from assay.sandbox.layout import BLOCKS, SLOTS
from assay.sandbox.limits import check
from assay.sandbox.pool import Pool, Working
from assay.sandbox.transfer import dump_jobs, load_runs

_TRIAL = """
import os
with open("/proc/self/status") as file:
    told = dict(line.split(":", 1) for line in file)
with open("/proc/net/dev") as file:
    links = {line.partition(":")[0].strip() for line in file if ":" in line}
with open("/proc/mounts") as file:
    shown = {line.split()[1] for line in file} | {"/", "/etc", "/var/tmp"}
known = {"/tmp", "/dev/shm", "/dev/mqueue"}
wrong = {p for p in shown - known if os.path.isdir(p) and os.access(p, os.W_OK)}
try:
    os.kill(1, 0)
    reached = True
except PermissionError:
    reached = False
held = {
    "user": os.getuid() != 0 and not os.getgroups(),
    "capabilities": not any(int(told[f"Cap{kind}"], 16) for kind in ("Prm", "Eff", "Inh", "Amb")),
    "filter": (told["NoNewPrivs"].strip(), told["Seccomp"].strip()) == ("1", "2"),
    "network": links <= {"lo"},
    "processes": not reached,
    f"files {wrong}": not wrong,
}
print(*([name for name, kept in held.items() if not kept] or ["held"]))
"""
_BLOCK = secrets.randbelow(BLOCKS)
"""Of user ids, those of this process: see `layout.SLOTS`."""
_MARGIN = 600.0
"""Seconds beyond the time of a job's tests until a container is given up; a build may need some."""


class Contained:
    """A worker in a container, which is started anew where a job needs more room."""

    def __init__(self, engine: Engine, image: str, slot: int) -> None:
        """Raises `SandboxError`."""
        self._engine, self._image = engine, image
        self.slot = slot % SLOTS + SLOTS * _BLOCK
        self._room, self._lock, self._killed = USUAL, threading.Lock(), False
        self._container = Container(engine, image, USUAL, self.slot)

    @property
    def far(self) -> str:
        number = self._container.image.removeprefix("sha256:")[:12]
        return f"{self._engine.name}, {self._image} {number}, Python {self._container.python}"

    def run(self, job: Job, isolation: Isolation) -> Run:
        """Raises `SandboxError` for a failure of ours, `UsageError` for what cannot be run."""
        check(job.limits)
        wanted = self._room.and_of(room_of(job))
        if wanted != self._room:
            self._container.close()
            container = Container(self._engine, self._image, wanted, self.slot)
            with self._lock:
                self._container, self._room = container, wanted
                if self._killed:
                    container.kill()
        tests = 2 * (1 + len(job.tests))
        seconds = _MARGIN + tests * job.limits.wall_seconds
        answer = self._container.exchange(dump_jobs([job]), seconds)
        if answer.startswith(b"{"):
            _raise(answer)
        runs = load_runs(answer)
        if len(runs) != 1:
            raise SandboxError(f"{len(runs)} runs for one job")
        return replace(runs[0], isolation=isolation)

    def kill(self) -> None:
        with self._lock:
            self._killed = True
            self._container.kill()

    def close(self) -> None:
        self._container.close()


def _raise(answer: bytes) -> None:
    try:
        told = json.loads(answer)
    except ValueError as error:
        raise SandboxError("no JSON from the container") from error
    text = str(told.get("error"))
    raise UsageError(text) if told.get("usage") else SandboxError(text)


def open_tier(slots: int | None, note: str = "") -> Sandbox:
    """Raises `NoSandbox`, which says what is missing."""
    engine, first = _proven()
    marks = Isolation(
        tier="container",
        filesystem=True,
        network=True,
        processes=True,
        memory=True,
        far=first.far,
        note=note,
    )
    name = image()
    return Pool(lambda slot: Contained(engine, name, slot), marks, slots, first)


def try_out() -> Probe:
    """The whole set-up and a first run."""
    try:
        _, worker = _proven()
    except NoSandbox as error:
        return Probe(tier="container", works=False, message=str(error))
    text = (
        f"{worker.far}: no network, read-only files, own pids, seccomp, user ids of their own;"
        " programs may start others; memory limit: polled, and the container's"
    )
    worker.close()
    return Probe(tier="container", works=True, message=text)


def _proven() -> tuple[Engine, Contained]:
    """A worker that has run a program which finds itself confined. Raises `NoSandbox`."""
    missing = [] if installed() else [f"neither {' nor '.join(ENGINES)} is installed"]
    for engine in installed():
        try:
            return engine, _tried(engine)
        except SandboxError as error:
            text = str(error)
            named = text.startswith(engine.name)
            missing.append(text if named else f"{engine.name}: {text}")
    raise NoSandbox(f"no isolation by a container: {'; '.join(missing)}")


def _tried(engine: Engine) -> Contained:
    worker = Contained(engine, image(), 0)
    try:
        marks = Isolation(
            tier="container", filesystem=True, network=True, processes=True, memory=True
        )
        run = worker.run(Job(code=_TRIAL, limits=Limits()), marks)
        if run.stdout.strip() != "held":
            said = f"{run.outcome}: {run.stdout}{run.stderr}".strip()
            raise SandboxError(f"{engine.name}: a first run was not confined ({said})")
    except BaseException:
        worker.close()
        raise
    return worker


_: type[Working] = Contained
