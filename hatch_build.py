"""Builds `spawn.c`, the fork server's inner loop, where there is a C compiler.

Without one the package installs all the same: Python's loop serves then, at about twice the cost.
The library needs only libc, so one wheel serves every Python of its platform.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("src/assay/sandbox/child")


class SpawnHook(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        made = build(root / FOLDER / "spawn.c", root / FOLDER / "spawn.so")
        if made and self.target_name == "wheel":
            build_data["artifacts"].append(f"{FOLDER}/spawn.so")
            if version == "standard":
                platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
                build_data["pure_python"] = False
                build_data["tag"] = f"py3-none-{platform}"


def build(source: Path, target: Path) -> bool:
    """Whether `target` is there now. A failure is told and is no error."""
    target.unlink(missing_ok=True)
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if sys.platform != "linux" or compiler is None:
        return False
    command = [compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(f"spawn.c was not built, Python's loop serves: {done.stderr[-500:]}\n")
        target.unlink(missing_ok=True)
    return done.returncode == 0
