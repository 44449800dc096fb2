"""Our own code as one parcel, for a container: what runs jobs there needs nothing else."""

import io
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from assay.sandbox.layout import test_packages
from assay.sandbox.mounts import CODE, PACKAGES

BOOT = f"""\
import io, sys, zipfile
if sys.version_info < (3, 11):
    sys.exit("Assay needs Python 3.11 or later in the image, which has " + sys.version)
data = sys.stdin.buffer
parcel = data.read(int.from_bytes(data.read(4), "big"))
zipfile.ZipFile(io.BytesIO(parcel)).extractall({CODE!r})
sys.path[:0] = [{CODE!r}]
sys.path.append({PACKAGES!r})
from assay.sandbox.inside import main
main()
"""
_ROOT = Path(__file__).parents[2]
_SINGLE = ("assay/__init__.py", "assay/errors.py", "assay/problem/__init__.py")
_KINDS = (".py", ".cjs")


@cache
def parcel(pytest: bool) -> bytes:
    """A zip archive; with pytest and what it imports where that is installed here."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in _SINGLE:
            archive.write(_ROOT / name, name)
        for path in _files(_ROOT / "assay/sandbox", _KINDS):
            archive.write(path, str(path.relative_to(_ROOT)))
        for name, place in test_packages().items() if pytest else ():
            top = Path(place)
            for path in _files(top, None):
                archive.write(path, f"packages/{name}/{path.relative_to(top)}".removesuffix("/."))
    return made.getvalue()


def _files(place: Path, kinds: tuple[str, ...] | None) -> Iterator[Path]:
    """`place` itself where that is a file."""
    for path in [place] if place.is_file() else sorted(place.rglob("*")):
        wanted = kinds is None or path.suffix in kinds
        if wanted and path.is_file() and "__pycache__" not in path.parts:
            yield path
