"""What a fork server is told at its start: where it works, as whom, and what it can read."""

import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from assay.sandbox.workfolder import Work, open_to_all

Role = Literal["solver", "judge", "tools"]
"""`tools` runs what is not Python: its root shows one toolchain more."""
TEST_PACKAGES = (
    *("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py"),
    *("hypothesis", "_hypothesis_globals", "_hypothesis_ftz_detector", "sortedcontainers"),
)
PACKAGE_FOLDERS = ("site-packages", "dist-packages")
_FIRST_UID = 65_000
SLOTS, BLOCKS = 250, 50
"""Of a container's user ids: slots beside one another, and blocks of them. The kernel counts the
processes of a user id over all containers of a machine, so that two of Assay take other blocks."""
NATIVE = True
"""Whether the fork servers may use their compiled loop, where there is one."""


def interpreter() -> str:
    """The interpreter itself, not a virtual environment's link to it."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


def test_packages() -> dict[str, str]:
    """pytest, Hypothesis and what they import: name in a package folder -> path here; empty
    without pytest."""
    found: dict[str, str] = {}
    for name in TEST_PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        place = origin.parent if origin.name == "__init__.py" else origin
        found[place.name] = str(place)
    return found if "pytest" in found else {}


def layout(
    tier: str,
    role: Role,
    slot: int,
    folders: tuple[str, ...] = (),
    work: Work | None = None,
) -> dict[str, Any]:
    """What a zygote is told at its start."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    prefix = Path(sys.base_prefix).resolve()
    libraries = [Path("/usr/lib"), Path("/usr/local/lib"), prefix / "lib"]
    packages = test_packages()
    masks = [
        "/usr/lib/python3/dist-packages",
        *(f"{lib}/{version}/{kind}" for lib in libraries for kind in PACKAGE_FOLDERS),
        *(f"{folder}/site-packages" for folder in folders),
    ]
    return {
        "tier": tier,
        "role": "judge" if role == "judge" else "solver",
        "native": NATIVE,
        "uid": _FIRST_UID + slot % 500,
        "binds": [
            *(str(prefix / name) for name in ("bin", "lib") if (prefix / name).is_dir()),
            *folders,
        ],
        "masks": [mask for mask in masks if mask not in folders],
        "packages": packages,
        "paths": [sysconfig.get_path("purelib")] if packages else [],
    } | (shared(role, slot, work, [str(prefix / "lib"), *packages.values()]) if work else {})


def shared(role: Role, slot: int, work: Work, needed: list[str]) -> dict[str, Any]:
    """What differs where candidates share user ids and files with others."""
    block, place = divmod(slot, SLOTS)
    return {
        "uid": _FIRST_UID - 1000 * block + place + (SLOTS if role == "judge" else 0),
        "folder": work.folder(role),
        "places": work.places(role),
        "paths": [work.packages],
        "closed": not all(open_to_all(Path(path)) for path in needed),
    }
