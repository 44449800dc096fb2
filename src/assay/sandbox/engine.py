"""Container engines: the command that starts a worker's container, and what a failure means."""

import os
import re
import secrets
import shutil
from dataclasses import dataclass, replace

from assay.problem import Command, Limits, Script
from assay.sandbox import Job
from assay.sandbox.child.root import PACKAGES
from assay.sandbox.judging import LIMITS as JUDGES
from assay.sandbox.languages import BUILD
from assay.sandbox.languages.python import is_own
from assay.sandbox.mounts import CANDIDATE, CODE, JUDGE

IMAGE = "docker.io/library/python:3.12.8-slim-bookworm"
"""Taken where $ASSAY_IMAGE names none. Never pulled by us."""
CAPABILITIES = ("CHOWN", "KILL", "SETGID", "SETUID")
"""What the supervisor in the container needs to keep runs apart; no run has any."""
_SPARE_MB = 512
"""For the supervisor, the fork servers and the judge."""
_PARCEL_MB = 32
_LONGEST = 4
"""Bytes of a character in UTF-8."""
_OTHERS = 64
"""Processes and threads beside those of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A program that starts containers."""

    name: str
    options: tuple[str, ...] = ()
    """Of `run`, beside those that all have."""


ENGINES = {
    "docker": Engine(name="docker"),
    "podman": Engine(
        name="podman", options=("--read-only-tmpfs=false", "--security-opt=mask=/sys/fs/cgroup")
    ),
}
"""Tried in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a container is started with: the kernel holds the sum of its processes to it."""

    memory_mb: int
    """Of one run."""
    disk_mb: int
    processes: int
    pytest: bool = False
    """Whether the test packages are there."""

    def and_of(self, other: "Room") -> "Room":
        """Room for either."""
        return Room(
            memory_mb=max(self.memory_mb, other.memory_mb),
            disk_mb=max(self.disk_mb, other.disk_mb),
            processes=max(self.processes, other.processes),
            pytest=self.pytest or other.pytest,
        )


def room_of(job: Job) -> Room:
    """What a job needs."""
    room = _room(job.limits) if is_own(job.language) else _room(job.limits).and_of(_room(BUILD))
    commands = [test for test in job.tests if isinstance(test, Command)]
    files = [text for test in commands for _, text in test.files]
    if commands or not is_own(job.language):  # the program and its files lie in the work folder
        laid = sum(map(len, [job.code, *files])) * _LONGEST
        room = replace(room, disk_mb=room.disk_mb + 1 + (laid >> 20))
    return replace(room, pytest=bool(commands) or any(map(_pytest, job.tests)))


def _pytest(test: object) -> bool:
    return isinstance(test, Script) and test.framework == "pytest"


def _room(limits: Limits) -> Room:
    return Room(memory_mb=limits.memory_mb, disk_mb=limits.disk_mb, processes=limits.processes)


USUAL = _room(Limits())


def image() -> str:
    return os.environ.get("ASSAY_IMAGE") or IMAGE


def installed() -> list[Engine]:
    return [engine for engine in ENGINES.values() if shutil.which(engine.name)]


def container_name() -> str:
    return f"assay-{os.getpid()}-{secrets.token_hex(4)}"


def command(engine: Engine, image: str, name: str, room: Room, boot: str) -> list[str]:
    """The words that start a container, whose first process is Python with the source `boot`."""
    tests_mb = max(room.disk_mb, JUDGES.disk_mb)
    disk_mb = room.disk_mb * len(CANDIDATE) + tests_mb + _PARCEL_MB
    memory_mb = room.memory_mb + disk_mb + _SPARE_MB
    work = "rw,exec,nosuid,nodev,size={}m,mode=1777"
    code = f"rw,noexec,nosuid,nodev,size={_PARCEL_MB}m,mode=755"
    return [
        engine.name,
        "run",
        "--rm",
        "--interactive",
        "--pull=never",
        f"--name={name}",
        "--label=assay",
        "--log-driver=none",
        "--network=none",
        "--read-only",
        *engine.options,
        "--user=0:0",
        "--workdir=/",
        "--cap-drop=ALL",
        *(f"--cap-add={capability}" for capability in CAPABILITIES),
        "--security-opt=no-new-privileges",
        f"--pids-limit={2 * room.processes + _OTHERS}",
        f"--memory={memory_mb}m",
        f"--memory-swap={memory_mb}m",
        "--ulimit=nofile=1024:1024",
        "--ulimit=nproc=1024:1024",
        "--ulimit=core=0:0",
        f"--shm-size={room.disk_mb}m",
        f"--tmpfs={CANDIDATE[0]}:{work.format(room.disk_mb)}",
        f"--tmpfs={JUDGE}:{work.format(tests_mb)}",
        f"--tmpfs={CODE}:{code}",
        f"--tmpfs={PACKAGES}:{code}",
        "--entrypoint=python3",
        image,
        "-I",
        "-S",
        "-c",
        boot,
    ]


_REASONS: tuple[tuple[str, str], ...] = (
    (
        r"no such image|image not known|unable to find image|not found locally"
        r"|short-name .* did not resolve",
        "the image {image} is not here: `{engine} pull {image}`, or name another in ASSAY_IMAGE",
    ),
    (
        r"permission denied while trying to connect|dial unix .*: permission denied",
        "your user may not use it: `sudo usermod -aG docker $USER`, then log in again",
    ),
    (
        r"cannot connect to the docker daemon|failed to connect to the docker api"
        r"|error during connect|is the docker daemon running",
        "its daemon does not run: start Docker, or `sudo systemctl start docker`",
    ),
    (
        r"cannot connect to podman|unable to connect to podman|podman machine",
        "its machine does not run: `podman machine start`",
    ),
    (
        r'"?python3"?: (executable file )?(not found|no such file)|exec.*python3.*not found',
        "the image {image} has no python3: name another in ASSAY_IMAGE",
    ),
    (r"Python 3\.11 or later", "the Python of the image {image} is too old"),
    (
        r"\bsubuid|cannot set user namespace|setresuid|insufficient uids",
        "it has too few user ids: give your user a range in /etc/subuid and /etc/subgid",
    ),
    (
        r"cgroup|limitation discarded",
        "it cannot limit memory and processes here: cgroups are missing or not given to your user",
    ),
)
"""What an engine or our own process in the container prints, and what that means."""


_LET_GO = re.compile(r"limitation discarded|limits are not supported", re.IGNORECASE)


def lets_go(said: str) -> bool:
    """Whether an engine warns that it does not hold a limit. (That swap is not limited is no
    such case: memory is.)"""
    return _LET_GO.search(said) is not None


def explain(engine: str, image: str, message: str) -> str:
    """One line that says what is missing and how to get it."""
    last = " ".join(message.split())[-300:]
    for pattern, reason in _REASONS:
        if re.search(pattern, message, re.IGNORECASE):
            return f"{engine}: {reason.format(engine=engine, image=image)} ({last})"
    return f"{engine}: it starts no container ({last or 'without a word'})"
