"""The system-call filter: a deny list, compiled to BPF by the few lines at the end.

Namespaces, missing capabilities and no_new_privs already stop most of these. The filter narrows
what the kernel is asked at all: calls that open it wide, and sockets other than local ones.
"""

import errno
import struct
from collections.abc import Iterator
from typing import Literal

_ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# One line a call: its number on x86-64 and on aarch64 (None: there is no such call there).
DENIED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "personality": (135, 92),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "memfd_secret": (447, 447),
    "clock_settime": (227, 112),
    "settimeofday": (164, 170),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "lookup_dcookie": (212, 18),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "mlock": (149, 228),
    "mlock2": (325, 284),
    "mlockall": (151, 230),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "seccomp": (317, 277),
    "landlock_create_ruleset": (444, 444),
    "vmsplice": (278, 75),
}

# What a process may not do either where no namespace of its own keeps it apart from others.
ALONE: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "connect": (42, 203),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "process_mrelease": (448, 448),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setaffinity": (203, 122),
    "memfd_create": (319, 279),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
}
# And where its user id is that of other people's or one's own files: landlock leaves these open.
OWNED: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
SERVER_NEEDS = frozenset({"mount", "umount2"})
"""What the fork server itself still calls: refused to its runs only."""
Part = Literal["all", "server", "run"]
"""`server` is loaded once by the fork server and kept by its runs, which add the few of `run`:
a filter is compiled by the kernel each time it is loaded."""
_IOCTL = (16, 29)
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_SOCKET = (41, 198)
_SOCKETPAIR = (53, 199)
_KILL_CALL, _TGKILL = (62, 129), (234, 131)
_PRLIMIT, _PRCTL, _FCNTL = (302, 261), (157, 167), (72, 25)
_TERMINAL_REQUESTS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_NAMESPACE_FLAGS = 0x7E020080  # every CLONE_NEW*, the time namespace's low bit included
_OWNER_REQUESTS = (0x8901, 0x8902)  # FIOSETOWN, SIOCSPGRP: who is sent a socket's signals
_FLAG_REQUESTS = (0x40086602, 0x401C5820)  # FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR
_OWNER_COMMANDS = (8, 10, 15, 1024, 1026)  # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY
_CLONE_THREAD = 0x10000
_SET_PDEATHSIG, _SET_DUMPABLE = 1, 4
_AF_UNIX, _SOCK_STREAM = 1, 1

_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_GREATER, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_AND = 0x54
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16

Instruction = tuple[int, int, int, int]


def _deny(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | number)


def _guarded(number: int, body: list[Instruction]) -> Iterator[Instruction]:
    """`body` for this call only; afterwards the number is loaded again."""
    yield (_JUMP_EQUAL, 0, len(body) + 1, number)
    yield from body
    yield (_LOAD, 0, 0, _NUMBER)


def _listed(names: dict[str, tuple[int | None, int | None]], column: int) -> Iterator[Instruction]:
    for numbers in names.values():
        number = numbers[column]
        if number is not None:
            yield from [(_JUMP_EQUAL, 0, 1, number), _deny(errno.EPERM)]


def _none_of(place: int, values: tuple[int, ...]) -> list[Instruction]:
    """Denies the values for an argument, of which the kernel reads the low 32 bits."""
    code: list[Instruction] = [(_LOAD, 0, 0, place)]
    for value in values:
        code += [(_JUMP_EQUAL, 0, 1, value), _deny(errno.EPERM)]
    return code


def _only(place: int, values: tuple[int, ...]) -> list[Instruction]:
    """Denies every other value for an argument."""
    code: list[Instruction] = [(_LOAD, 0, 0, place)]
    for left in range(len(values), 0, -1):
        code.append((_JUMP_EQUAL, left, 0, values[-left]))
    return [*code, _deny(errno.EPERM)]


def instructions(machine: str, part: Part = "all") -> list[Instruction]:
    """The filter for a machine of that name. Raises `KeyError` for one not known."""
    column = list(_ARCHES).index(machine)
    code: list[Instruction] = [(_LOAD, 0, 0, _NUMBER)]
    if part != "run":
        code = [*_right_machine(machine), *code, *_arguments(column)]
    listed = {
        name: numbers
        for name, numbers in DENIED.items()
        if part == "all" or (name in SERVER_NEEDS) == (part == "run")
    }
    code += _listed(listed, column)
    code.append((_RETURN, 0, 0, _ALLOW))
    return code


def _right_machine(machine: str) -> Iterator[Instruction]:
    """Numbers mean something else for another machine's programs: those are killed."""
    yield (_LOAD, 0, 0, _ARCH)
    yield (_JUMP_EQUAL, 1, 0, _ARCHES[machine])
    yield (_RETURN, 0, 0, _KILL)
    if machine == "x86_64":  # x32 numbers would slip past a list of x86-64 numbers
        yield (_LOAD, 0, 0, _NUMBER)
        yield (_JUMP_GREATER, 0, 1, 0x40000000)
        yield (_RETURN, 0, 0, _KILL)


def _arguments(column: int) -> Iterator[Instruction]:
    """The calls that are refused for some arguments only."""
    first, second = _ARGUMENT, _ARGUMENT + 8
    unix_only = [(_LOAD, 0, 0, first), (_JUMP_EQUAL, 1, 0, _AF_UNIX), _deny(errno.EACCES)]
    no_namespaces = [
        (_LOAD, 0, 0, first),
        (_JUMP_SET, 0, 1, _NAMESPACE_FLAGS),
        _deny(errno.EPERM),
    ]
    yield from _guarded(_SOCKET[column], unix_only)
    yield from _guarded(_CLONE[column], no_namespaces)
    yield from _guarded(_IOCTL[column], _none_of(second, _TERMINAL_REQUESTS))
    yield from _guarded(_CLONE3[column], [_deny(errno.ENOSYS)])


def alone_instructions(machine: str, pid: int, own: bool) -> list[Instruction]:
    """On top of the first filter, for a process that shares the machine with others.

    It may start threads but no process, signal itself (`pid`) and no other. `own`: it runs under
    the user id of whoever started it.
    """
    column = list(_ARCHES).index(machine)
    first, second = _ARGUMENT, _ARGUMENT + 8
    threads_only = [
        (_LOAD, 0, 0, first),
        (_JUMP_SET, 1, 0, _CLONE_THREAD),
        _deny(errno.EPERM),
    ]
    streams_only = [
        *_only(first, (_AF_UNIX,)),
        (_LOAD, 0, 0, second),
        (_AND, 0, 0, 0xF),
        (_JUMP_EQUAL, 1, 0, _SOCK_STREAM),
        _deny(errno.EPERM),
    ]
    dumpable = [(_JUMP_EQUAL, 0, 3, _SET_DUMPABLE), *_only(second, (1,))]
    code: list[Instruction] = [*_right_machine(machine), (_LOAD, 0, 0, _NUMBER)]
    code += _guarded(_CLONE[column], threads_only)
    code += _guarded(_SOCKETPAIR[column], streams_only)
    code += _guarded(_KILL_CALL[column], _only(first, (pid,)))
    code += _guarded(_TGKILL[column], _only(first, (pid,)))
    code += _guarded(_PRLIMIT[column], _only(first, (0, pid)))
    code += _guarded(_PRCTL[column], [*_none_of(first, (_SET_PDEATHSIG,)), *dumpable])
    code += _guarded(_FCNTL[column], _none_of(second, _OWNER_COMMANDS))
    code += _guarded(_IOCTL[column], _none_of(second, _OWNER_REQUESTS + _FLAG_REQUESTS))
    code += _listed(ALONE | (OWNED if own else {}), column)
    code.append((_RETURN, 0, 0, _ALLOW))
    return code


def program(machine: str, part: Part = "all") -> bytes:
    """The filter as the kernel takes it."""
    return packed(instructions(machine, part))


def alone(machine: str, pid: int, own: bool) -> bytes:
    """The second filter, as the kernel takes it."""
    return packed(alone_instructions(machine, pid, own))


def packed(code: list[Instruction]) -> bytes:
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)
