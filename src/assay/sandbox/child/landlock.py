"""Landlock: rules on files, ports and signals that a process puts on itself, through ctypes.

What each version of the kernel's interface can forbid is the table below (the kernel's
`Documentation/userspace-api/landlock.rst`). What it cannot, at any version (chmod, utime, stat,
sockets with a path), is for the system-call filter.
"""

import ctypes
import errno
import os
import struct

_CREATE, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on x86-64 and aarch64
_VERSION_FLAG, _PATH_BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK = 1 << 6, 1 << 7, 1 << 8, 1 << 9
MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = 1 << 10, 1 << 11, 1 << 12
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_BIND_TCP, _CONNECT_TCP = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

READ = READ_FILE | READ_DIR
WORK = (
    READ | WRITE_FILE | TRUNCATE | REFER | REMOVE_DIR | REMOVE_FILE
    | MAKE_DIR | MAKE_REG | MAKE_FIFO | MAKE_SYM
)  # fmt: skip
DEVICE = READ_FILE | WRITE_FILE
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

# From this version on: what it adds to files, to the network, and to the scope of a process.
_ADDED: dict[int, tuple[int, int, int]] = {
    1: ((1 << 13) - 1, 0, 0),
    2: (REFER, 0, 0),
    3: (TRUNCATE, 0, 0),
    4: (0, _BIND_TCP | _CONNECT_TCP, 0),
    5: (IOCTL_DEV, 0, 0),
    6: (0, 0, _ABSTRACT_SOCKETS | _SIGNALS),
}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _call(number: int, what: str, *arguments: object) -> int:
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock {what}: {os.strerror(code)}")
    return result


def version() -> int:
    """The kernel's, 0 where there is none or it is switched off."""
    try:
        flag = ctypes.c_uint32(_VERSION_FLAG)
        return _call(_CREATE, "version", None, ctypes.c_size_t(0), flag)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def handled(abi: int) -> tuple[int, int, int]:
    """All that version `abi` can forbid: bits of files, of the network, of the scope."""
    known = [added for first, added in _ADDED.items() if first <= abi]
    files = network = scope = 0
    for more in known:
        files, network, scope = files | more[0], network | more[1], scope | more[2]
    return files, network, scope


class Rules:
    """Forbids everything that it can; `allow` makes exceptions. Raises `OSError`."""

    def __init__(self, abi: int) -> None:
        self._files, network, scope = handled(abi)
        size = 24 if scope else 16 if network else 8  # older kernels refuse a longer one
        attributes = struct.pack("QQQ", self._files, network, scope)[:size]
        length = ctypes.c_size_t(size)
        self.fd = _call(_CREATE, "rules", attributes, length, ctypes.c_uint32(0))

    def allow(self, path: str, rights: int) -> None:
        """`path` and all below it; a path that is not there needs no rule."""
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return
        try:
            if not os.path.isdir(path):  # noqa: PTH112 - a zygote has no need of pathlib here
                rights &= _OF_FILES
            attributes = struct.pack("=Qi", rights & self._files, fd)
            rule = ctypes.c_int(_PATH_BENEATH)
            own = ctypes.c_int(self.fd)
            _call(_ADD_RULE, f"rule {path}", own, rule, attributes, ctypes.c_uint32(0))
        finally:
            os.close(fd)


def restrict(fd: int) -> None:
    """Puts the rules behind `fd` on this thread and its children. Needs no_new_privs."""
    _call(_RESTRICT_SELF, "restrict", ctypes.c_int(fd), ctypes.c_uint32(0))
