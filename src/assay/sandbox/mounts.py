"""Where programs work in a container: on what it was started with, each a tmpfs of limited size."""

import os
from pathlib import Path

from assay.sandbox.child.root import PACKAGES
from assay.sandbox.workfolder import MAX_FILES

CODE = "/assay"
"""Where the parcel of our own code is unpacked."""
JUDGE = "/judge"
CANDIDATE = ("/tmp", "/dev/shm")


class Mounts:
    """The first is where its owner works; it can write to no other place."""

    packages = PACKAGES

    def places(self, role: str) -> list[str]:
        wanted = (JUDGE,) if role == "judge" else CANDIDATE
        return [place for place in wanted if Path(place).is_dir()]

    def folder(self, role: str) -> str:
        return self.places(role)[0]

    def too_much(self, pid: int, limit: int) -> bool:
        """Files without a name included. The kernel says it, whoever's they are."""
        found = [os.statvfs(place) for place in self.places("solver")]
        used = sum((each.f_blocks - each.f_bfree) * each.f_frsize for each in found)
        return used > limit or sum(each.f_files - each.f_ffree for each in found) > MAX_FILES

    def remove(self) -> None:
        """They go with the container."""
