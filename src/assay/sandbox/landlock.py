"""The tier for machines that refuse user namespaces: landlock, seccomp and rlimits.

A candidate is one process here: it may start threads, and no process.
"""

import errno
import re
import sys

from assay.errors import NoSandbox, SandboxError
from assay.problem import Limits
from assay.sandbox import Job, Probe, Sandbox
from assay.sandbox.here import Local
from assay.sandbox.local import open_pool
from assay.sandbox.namespaces import unfit
from assay.sandbox.programs import run_program

_TRIAL = """
import colorsys, os, threading
open("x", "w").close()
refused = 0
for attempt in (os.fork, lambda: os.listdir("/"), lambda: open("/etc/passwd")):
    try:
        attempt()
    except PermissionError:
        refused += 1
thread = threading.Thread(target=print, args=("held" if refused == 3 else "open",))
thread.start()
thread.join()
"""


def open_tier(slots: int | None, note: str = "") -> Sandbox:
    """Raises `NoSandbox`, which says what is missing."""
    return open_pool("landlock", slots, note, _proven())


def try_out() -> Probe:
    """The whole set-up and a first run."""
    try:
        worker = _proven()
    except NoSandbox as error:
        return Probe(tier="landlock", works=False, message=str(error))
    memory = "cgroup" if worker.memory is not None else "per process"
    worker.close()
    text = (
        "files, network and other processes out of reach (landlock, seccomp); Python only,"
        f" programs start no process; memory limit: {memory}; disk is polled"
    )
    return Probe(tier="landlock", works=True, message=text)


def _proven() -> Local:
    """A worker that has run a program which finds itself confined. Raises `NoSandbox`."""
    reason = unfit()
    if reason:
        raise NoSandbox(reason)
    try:
        worker = Local("landlock", 0)
        try:
            run = run_program(worker, Job(code=_TRIAL, limits=Limits()), "")
            if run.stdout.strip() != "held":
                raise SandboxError(f"a first run gave {run.outcome}: {run.stdout}{run.stderr}")
        except BaseException:
            worker.close()
            raise
    except (SandboxError, OSError) as error:
        raise NoSandbox(explain(str(error))) from error
    return worker


def explain(message: str) -> str:
    """One line that says what is missing and how to get it."""
    found = re.search(r"Errno (\d+)", message)
    number = int(found[1]) if found else 0
    last = " ".join(message.split())
    if "not in this kernel" in message:
        reason = "this kernel has no landlock (Linux 5.13 or later, and `landlock` in its `lsm=`)"
    elif "is needed" in message:
        reason = "this kernel's landlock is too old for an ordinary user (Linux 6.2 is needed)"
    elif (number == errno.EPERM and "capset" in message) or "ModuleNotFound" in message:
        reason = f"another user cannot read the interpreter ({sys.base_prefix}): open its folders"
    else:
        reason = "the set-up failed"
    return f"no isolation by landlock: {reason} ({last})"
