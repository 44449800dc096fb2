"""The compiled loop of the fork server, `spawn.c`, where a compiler was there at the build."""

import ctypes
from collections.abc import Callable
from functools import partial
from pathlib import Path

ABI = 3
IN_CHILD, CLOSED = 0, -1
STEPS = (
    "fork", "descriptors", "session", "work directory", "rlimits", "oom score", "user",
    "capabilities", "no_new_privs", "system-call filter", "landlock",
)  # fmt: skip
"""What a run does before it starts, by the number that `confine` of spawn.c reports."""


Loop = Callable[[int, bytes, bool, bytearray], Callable[[], int]]
"""`serve(control, filter, dumpable, request)` of spawn.c, ready to be called."""


def load() -> Loop | None:
    """`None` where there is no such file: then Python's own loop serves."""
    path = Path(__file__).with_name("spawn.so")
    try:
        library = ctypes.PyDLL(str(path))
        if library.abi() != ABI:
            return None
    except (OSError, AttributeError):
        return None

    def serve(
        control: int, program: bytes, dumpable: bool, request: bytearray
    ) -> Callable[[], int]:
        code = ctypes.create_string_buffer(program, len(program))
        room = (ctypes.c_char * len(request)).from_buffer(request)
        # Kept, as each run would have to let go of its own.
        fd, length, flag = map(ctypes.c_int, (control, len(program) // 8, dumpable))
        return partial(library.serve, fd, code, length, flag, room)

    return serve
