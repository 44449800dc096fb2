"""The probability that the first program is right: a logistic function of what speaks for it.

Platt scaling (Platt 1999), with more than one number: fitted on choices whose hidden verdict is
known, made by a model that was fitted without the task (`bench/confidence_fit.py`, which also fits
from a log of `assay bench`). Three fits, as agreement of many says more than that of few, and a
test that is known to be right more than either.
"""

from typing import Literal

import numpy as np

from assay.select.matrix import Floats, Matrix, groups

Kind = Literal["many", "few", "checked"]
ORIGIN = "CodeGen-16B on HumanEval, 164 tasks of 100 programs (CodeT's recorded data, MIT)"
"""What the shipped figures were fitted on: `many` on all programs of a task with the tests of the
same model; `few` on 1 to 20 of them with up to 20 tests; `checked` on 1 to 20 with the examples
of the task's text as visible tests."""
MANY = 50
"""Written programs from which on the fit for many holds."""
SHRUNK = 10.0
"""Programs that disagree, added to those that were written: agreement of few says little."""

RANGE: dict[Kind, tuple[int, float]] = {
    "many": (100, np.inf),
    "few": (20, 20),
    "checked": (20, np.inf),
}
"""By kind the most programs, and the most inputs, of the choices that it was fitted on: more of
either counts as so many. Of `many` all inputs of a task were there; `checked` does not use them."""

EVIDENCE: dict[Kind, tuple[str, ...]] = {
    "many": ("agreement", "repeats", "size", "constant", "able", "spread", "inputs"),
    "few": ("agreement", "repeats", "size", "constant", "able", "spread", "inputs", "written"),
    "checked": ("agreement", "repeats", "able", "visible"),
}
"""Which of `confidence_evidence` a fit uses."""
CALIBRATION: dict[Kind, dict[str, float]] = {
    "many": {
        "agreement": 2.54,
        "repeats": 0.69,
        "size": 1.03,
        "constant": -5.58,
        "able": 2.76,
        "spread": -0.8,
        "inputs": -0.45,
        "bias": -1.31,
    },
    "few": {
        "agreement": 7.25,
        "repeats": 0.22,
        "size": 0.17,
        "constant": -4.42,
        "able": 0.94,
        "spread": -0.92,
        "inputs": -0.35,
        "written": 0.55,
        "bias": -1.66,
    },
    "checked": {
        "agreement": 4.41,
        "repeats": 1.77,
        "able": 1.46,
        "visible": 0.44,
        "bias": 3.63,
    },
}
"""By kind, the weight of each number of `confidence_evidence`, and the bias."""


def kind_of(matrix: Matrix) -> Kind:
    if matrix.binding.any():
        return "checked"
    return "many" if matrix.count.sum() >= MANY else "few"


def confidence_evidence(matrix: Matrix, known: dict[str, Floats], first: int) -> dict[str, float]:
    """What tells whether the first program is right, apart from what made it the first."""
    whole = float(matrix.count.sum())
    written = max(matrix.written, whole)
    most, inputs = RANGE[kind_of(matrix)]
    total = min(whole, most)
    both = (known["same_tests"][first] + known["same_values"][first]) / 2
    able = matrix.loaded & (matrix.allowed() == matrix.allowed().max(initial=0))
    return {
        # geometric mean of the shares that pass the same tests and that return the same values
        "agreement": float(np.exp(both)) * total / (total + SHRUNK),
        # how often this very program was written
        "repeats": float(known["repeats"][first] - np.log(total + SHRUNK)),
        "size": float(known["size"][first]),
        # one value on every input: most often a trivial program
        "constant": float(known["constant"][first]),
        # share of all that were written that load and pass the tests known to be right
        "able": float(matrix.count[able].sum()) / written,
        # entropy of the groups by values: how far the programs disagree as a whole
        "spread": spread(matrix),
        # how many inputs they were compared on
        "inputs": float(np.log1p(min(len(matrix.inputs), inputs))),
        "visible": float(np.log1p(matrix.binding.sum())),
        "written": float(np.log(min(written, most))),
    }


def spread(matrix: Matrix) -> float:
    """Entropy, in nats, of the shares of programs that return the same values on all inputs."""
    cluster = groups(np.column_stack([matrix.loaded, matrix.values]))
    if not matrix.inputs:
        cluster = matrix.shape
    share = np.bincount(cluster, weights=matrix.count) / matrix.count.sum()
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())


def sigmoid(known: dict[str, float], calibration: dict[str, float]) -> float:
    logit = calibration["bias"]
    logit += sum(weight * known[name] for name, weight in calibration.items() if name != "bias")
    return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))
