"""Our own code as one parcel, for a container: what runs jobs there needs nothing else."""

import json
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from assay.sandbox.child.root import PACKAGES
from assay.sandbox.layout import test_packages
from assay.sandbox.mounts import CODE

BOOT = f"""\
import sys
if sys.version_info < (3, 11):
    sys.exit("Assay needs Python 3.11 or later in the image, which has " + sys.version)
import json, os
read = sys.stdin.buffer.read
def number():
    return int.from_bytes(read(4), "big")
number()
for name, size in json.loads(read(number())):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        file.write(read(size))
sys.path[:0] = [{CODE!r}]
sys.path.append({PACKAGES!r})
from assay.sandbox.inside import main
main()
"""
"""Unpacks the parcel with the fewest imports: an image may have no compiled modules."""
_ROOT = Path(__file__).parents[2]
_SINGLE = ("assay/__init__.py", "assay/errors.py", "assay/problem/__init__.py")
_KINDS = (".py", ".cjs")


@cache
def parcel(pytest: bool) -> bytes:
    """Names and sizes as JSON after their length, then the files themselves; with pytest and what
    it imports where that is installed here."""
    files = {f"{CODE}/{name}": (_ROOT / name).read_bytes() for name in _SINGLE}
    for path in _files(_ROOT / "assay/sandbox"):
        if path.suffix in _KINDS:
            files[f"{CODE}/{path.relative_to(_ROOT).as_posix()}"] = path.read_bytes()
    for name, place in test_packages().items() if pytest else ():
        top = Path(place)
        for path in _files(top):
            inner = path.relative_to(top).as_posix()
            files[f"{PACKAGES}/{name}/{inner}".removesuffix("/.")] = path.read_bytes()
    head = json.dumps([(name, len(data)) for name, data in files.items()]).encode()
    return struct.pack("!I", len(head)) + head + b"".join(files.values())


def _files(place: Path) -> Iterator[Path]:
    """`place` itself where that is a file."""
    for path in [place] if place.is_file() else sorted(place.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
