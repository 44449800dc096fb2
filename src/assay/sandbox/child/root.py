"""What a worker does once: its namespaces, its user, and a root of its own that is read-only.

The order matters: maps are written from outside the new user namespace, /proc is mounted while
the old one is still in sight, and the old root goes last. Any failure is an `OSError` that names
the step.
"""

import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import Any

from assay.sandbox.child import kernel

NOBODY = 65534
OLD = "/.old"
PACKAGES = "/packages"
KEPT = "/kept"
"""Where what lies below `COVERED` outside waits to be shown there again."""
COVERED = ("/tmp", "/dev/shm")
"""Each run gets an empty one."""
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
ETC = ("ld.so.cache", "alternatives", "localtime", "mime.types")
DEVICES = ("null", "zero", "full", "random", "urandom")
_FILES = {
    "passwd": "root:x:0:0::/:/bin/false\nnobody:x:65534:65534::/tmp:/bin/sh\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "hosts": "127.0.0.1 localhost\n",
}
_LOCKED = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV


def enter(config: dict[str, Any], control: int) -> None:
    """Returns in a child that is pid 1 of fresh namespaces, in its own root."""
    _new_namespaces(int(config["uid"]))
    child = os.fork()
    if child:
        os.close(control)
        os.waitpid(child, 0)
        os._exit(0)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
    os.umask(0o022)  # another user, the candidate, walks through the folders made here
    socket.sethostname("assay")
    _new_root(config)
    if os.getuid() == 0:
        os.setgroups([])
    kernel.drop_bounding_set()


def _new_namespaces(uid: int) -> None:
    """Unshares, and has a helper left outside write the maps.

    Root maps itself (to set up) and an unused uid (to run candidates); others only themselves.
    """
    root = os.geteuid() == 0
    uids = f"0 0 1\n{NOBODY} {uid} 1\n" if root else f"{NOBODY} {os.geteuid()} 1\n"
    gids = f"0 0 1\n{NOBODY} {uid} 1\n" if root else f"{NOBODY} {os.getegid()} 1\n"
    read, write = os.pipe()
    parent = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(write)
        os._exit(_write_maps(parent, root, uids, gids) if os.read(read, 1) else 1)
    os.close(read)
    try:
        kernel.unshare(
            kernel.CLONE_NEWUSER
            | kernel.CLONE_NEWNS
            | kernel.CLONE_NEWPID
            | kernel.CLONE_NEWNET
            | kernel.CLONE_NEWIPC
            | kernel.CLONE_NEWUTS
        )
        os.write(write, b"1")
    finally:
        os.close(write)
        _, status = os.waitpid(helper, 0)
    number = os.waitstatus_to_exitcode(status)
    if number:
        raise OSError(number, f"uid_map: {os.strerror(number)}")


def _write_maps(pid: int, root: bool, uids: str, gids: str) -> int:
    try:
        if not root:
            Path(f"/proc/{pid}/setgroups").write_text("deny")
        Path(f"/proc/{pid}/uid_map").write_text(uids)
        Path(f"/proc/{pid}/gid_map").write_text(gids)
    except OSError as error:
        return error.errno or 1
    return 0


def _new_root(config: dict[str, Any]) -> None:
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    options = "mode=755,size=1m,nr_inodes=4096"
    kernel.mount("root", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    Path("/tmp" + OLD).mkdir()
    kernel.pivot_root("/tmp", "/tmp" + OLD)
    os.chdir("/")
    for folder in ("proc", "tmp", "dev", "etc", "packages"):
        Path("/" + folder).mkdir()
    flags = _LOCKED & ~kernel.MS_RDONLY | kernel.MS_NOEXEC
    kernel.mount("proc", "/proc", "proc", flags, "hidepid=2")
    _system()
    for path in config["binds"]:
        bind(path, path)
    for path in config["masks"]:
        if Path(path).is_dir():
            kernel.mount("none", path, "tmpfs", _LOCKED, "size=4k,mode=755")
    for name, path in config["packages"].items():
        bind(path, f"{PACKAGES}/{name}")
    for path in covered(config["binds"]):
        _mount(path, KEPT + path)
    sys.path.append(PACKAGES)
    kernel.detach(OLD)
    Path(OLD).rmdir()
    kernel.mount("none", "/", None, kernel.MS_REMOUNT | kernel.MS_BIND | _LOCKED)


def covered(binds: list[str]) -> list[str]:
    """Those that an empty /tmp would hide, the widest of each."""
    hidden = [path for path in binds if any(map(Path(path).is_relative_to, COVERED))]
    return [path for path in hidden if not any(map(Path(path).is_relative_to, {*hidden} - {path}))]


def fresh_tmp(disk_mb: int, shown: list[str]) -> None:
    """A /tmp of that size for the next run, empty but for what is `covered`."""
    with contextlib.suppress(OSError):
        kernel.detach("/tmp")
    options = f"size={disk_mb}m,nr_inodes=4096,mode=1777"
    kernel.mount("tmp", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    for path in shown:
        _mount(KEPT + path, path)


def _system() -> None:
    for name in SYSTEM:
        old = Path(f"{OLD}/{name}")
        if old.is_symlink():
            Path("/" + name).symlink_to(old.readlink())
        elif old.is_dir():
            bind("/" + name, "/" + name)
    for name in ETC:
        if Path(f"{OLD}/etc/{name}").exists():
            bind("/etc/" + name, "/etc/" + name)
    for name, text in _FILES.items():
        Path("/etc/" + name).write_text(text)
    for name in DEVICES:
        Path("/dev/" + name).touch()
        kernel.mount(f"{OLD}/dev/{name}", "/dev/" + name, None, kernel.MS_BIND)
    Path("/dev/shm").symlink_to("/tmp")
    Path("/dev/fd").symlink_to("/proc/self/fd")


def bind(path: str, target: str) -> None:
    """Shows the outer `path` at `target`, read-only, with all that is mounted below it."""
    outer = Path(OLD + path)
    place = Path(target)
    if place.exists() and not place.is_symlink() and path == target and _same(outer, place):
        return
    _mount(str(outer), target)
    kernel.lock_tree(target, _LOCKED)


def _mount(source: str, target: str) -> None:
    """The same at another place, as locked as it is."""
    place = Path(target)
    if Path(source).is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    kernel.mount(source, target, None, kernel.MS_BIND | kernel.MS_REC)


def _same(outer: Path, place: Path) -> bool:
    """Whether a wider bind shows this path already."""
    one, two = outer.stat(), place.stat()
    return (one.st_dev, one.st_ino) == (two.st_dev, two.st_ino)
