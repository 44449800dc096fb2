"""The published file of a suite, fetched once, where the network allows it.

It lies in `suites/` of the user's cache folder, or in the folder that `ASSAY_SUITES` names.
"""

import gzip
import io
import os
import urllib.request
import zlib
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

from platformdirs import user_cache_dir

from assay.errors import UsageError

MAX_PACKED = 64 * 1024 * 1024
MAX_UNPACKED = 256 * 1024 * 1024
SECONDS = 30.0
"""Without a byte from the other side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A packed file of one version."""

    file: str
    url: str
    sha256: str
    """Of what is in it: packing again changes the rest."""


def folder() -> Path:
    chosen = os.environ.get("ASSAY_SUITES")
    return Path(chosen).expanduser() if chosen else Path(user_cache_dir("assay")) / "suites"


def at_hand(release: Release) -> bool:
    return intact(folder() / release.file, release)


def intact(path: Path, release: Release) -> bool:
    """Whether the published file is there, as it was published."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest() == release.sha256
    except OSError:
        return False


def fetched(release: Release) -> Path:
    """Where the file is, now. Raises `UsageError` where it cannot be had, or is another."""
    path = folder() / release.file
    if intact(path, release):
        return path
    if path.exists():
        raise UsageError(
            f"{path} is not the published file (SHA-256 differs); not used: remove it, and it is "
            "fetched again, or give yours with --data"
        )
    data = unpacked(download(release), release)
    if sha256(data).hexdigest() != release.sha256:
        raise UsageError(f"{release.url} is not the file it was (SHA-256 differs); not used")
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def download(release: Release) -> bytes:
    try:
        with urllib.request.urlopen(release.url, timeout=SECONDS) as answer:
            data: bytes = answer.read(MAX_PACKED + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise UsageError(
            f"{release.url} cannot be fetched from here ({reason}); get it elsewhere and give it "
            "with --data FILE"
        ) from None
    if len(data) > MAX_PACKED:
        raise UsageError(f"{release.url} is over {MAX_PACKED >> 20} MB; not used")
    return data


def unpacked(packed: bytes, release: Release) -> bytes:
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            data = file.read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{release.url} cannot be unpacked: {error}") from None
    if len(data) > MAX_UNPACKED:
        raise UsageError(f"{release.url} holds over {MAX_UNPACKED >> 20} MB; not used")
    return data
