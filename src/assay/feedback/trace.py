"""What a failing call did, line by line, with the values of its variables.

The runtime information of LDB (Zhong et al. 2024, "Debug like a Human").
"""

from assay.feedback import Attempt
from assay.feedback.steps import Steps, execute
from assay.feedback.traced import Traced
from assay.problem import Problem


def blocks(problem: Problem, attempt: Attempt) -> Steps[Traced | None]:
    """The first failing visible test, traced in the sandbox (one run).

    `None` where there is nothing to trace: no code, no Python, no test that failed with a call
    or an input of its own, or a run that failed. Never raises for what a candidate does.
    """
    del problem, attempt
    yield from execute(())
    return None
