"""The system calls that Python 3.11 lacks, through ctypes.

Each raises an `OSError` that names the step.
"""

import ctypes
import os
import platform
import struct
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP = 1, 4, 8, 22
PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 24, 36, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAP_DAC_READ_SEARCH = 1 << 2

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_NUMBERS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "mount_setattr": 442},
    "aarch64": {"pivot_root": 41, "capset": 91, "mount_setattr": 442},
}
MACHINE = platform.machine()
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _syscall(name: str, *arguments: object) -> int:
    return _check(_libc.syscall(ctypes.c_long(_NUMBERS[MACHINE][name]), *arguments), name)


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, kind: int) -> None:
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def prctl(option: int, value: int = 0, third: int = 0) -> None:
    rest = ctypes.c_ulong(0)
    long = ctypes.c_ulong
    result = _libc.prctl(ctypes.c_int(option), long(value), long(third), rest, rest)
    _check(result, f"prctl {option}")


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    kind_bytes = kind.encode() if kind is not None else None
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind_bytes,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )
    _check(result, f"mount {kind or 'bind'} on {target}")


def lock_tree(target: str, flags: int) -> None:
    """Makes a mount and all below it read-only, nosuid, nodev as `flags` say (Linux 5.12)."""
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    path = os.fsencode(target)
    _syscall("mount_setattr", _AT_FDCWD, path, _AT_RECURSIVE, attributes, ctypes.c_size_t(32))


def pivot_root(new: str, old: str) -> None:
    _syscall("pivot_root", os.fsencode(new), os.fsencode(old))


def detach(target: str) -> None:
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def drop_bounding_set() -> None:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        prctl(PR_CAPBSET_DROP, capability)


def drop_capabilities(keep: int = 0) -> None:
    """Clears the effective, permitted, inheritable and ambient sets, but for the bits `keep`."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("Ii", 0x20080522, 0)
    _syscall("capset", header, struct.pack("6I", keep, keep, 0, 0, 0, 0))


def install_filter(program: bytes) -> None:
    """Loads a seccomp filter (8 bytes an instruction) for this thread and its children."""
    code = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    )
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(head))
