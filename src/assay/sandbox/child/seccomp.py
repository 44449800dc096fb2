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
SERVER_NEEDS = frozenset({"mount", "umount2"})
"""What the fork server itself still calls: refused to its runs only."""
Part = Literal["all", "server", "run"]
"""`server` is loaded once by the fork server and kept by its runs, which add the few of `run`:
a filter is compiled by the kernel each time it is loaded."""
_IOCTL = (16, 29)
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_SOCKET = (41, 198)
_TERMINAL_REQUESTS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_NAMESPACE_FLAGS = 0x7E020080  # every CLONE_NEW*, the time namespace's low bit included
_AF_UNIX = 1

_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_GREATER, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16

Instruction = tuple[int, int, int, int]


def _deny(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | number)


def _guarded(number: int, body: list[Instruction]) -> Iterator[Instruction]:
    """`body` for this call only; afterwards the number is loaded again."""
    yield (_JUMP_EQUAL, 0, len(body) + 1, number)
    yield from body
    yield (_LOAD, 0, 0, _NUMBER)


def instructions(machine: str, part: Part = "all") -> list[Instruction]:
    """The filter for a machine of that name. Raises `KeyError` for one not known."""
    column = list(_ARCHES).index(machine)
    code: list[Instruction] = [(_LOAD, 0, 0, _NUMBER)]
    if part != "run":
        code = [*_right_machine(machine), *code, *_arguments(column)]
    for name, numbers in DENIED.items():
        number = numbers[column]
        late = name in SERVER_NEEDS
        if number is not None and (part == "all" or late == (part == "run")):
            code += [(_JUMP_EQUAL, 0, 1, number), _deny(errno.EPERM)]
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
    requests: list[Instruction] = [(_LOAD, 0, 0, second)]
    for request in _TERMINAL_REQUESTS:
        requests += [(_JUMP_EQUAL, 0, 1, request), _deny(errno.EPERM)]
    yield from _guarded(_SOCKET[column], unix_only)
    yield from _guarded(_CLONE[column], no_namespaces)
    yield from _guarded(_IOCTL[column], requests)
    yield from _guarded(_CLONE3[column], [_deny(errno.ENOSYS)])


def program(machine: str, part: Part = "all") -> bytes:
    """The filter as the kernel takes it."""
    packed = [struct.pack("HBBI", *instruction) for instruction in instructions(machine, part)]
    return b"".join(packed)
