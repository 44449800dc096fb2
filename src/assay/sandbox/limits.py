"""Whether limits can be kept at all."""

import math
from dataclasses import fields

from assay.errors import UsageError
from assay.problem import Limits


def check(limits: Limits) -> None:
    """Raises `UsageError` for limits that no run can be under: they say nothing of the program."""
    for field in fields(limits):
        value = getattr(limits, field.name)
        if not 0 < value < math.inf:
            raise UsageError(f"limit {field.name}: {value} is not above 0")
