"""Assay: turn any code model into one that you can trust.

The folders below are the path of the data, and a folder imports only from those above it
(`tests/test_house.py` enforces it):

    errors      what can go wrong, as one tree
    names       implementations by name, ours and yours
    problem     what a solver may know: Problem, Test; loaders
    model       who is asked: Model, Prompt, Completion; backends and wrappers
    candidate   code out of a completion; identity by content
    sandbox     where code runs: Sandbox, Job, Run, Verdict
    feedback    what a run says: Feedback, Attempt; what may be asked for; one file per source
    search      strategies, the budget, and the driver that serves them
    select      which candidate to hand back, and with what confidence
    grade       hidden tests: Item; the verdict that counts
    store       everything that happened
    bench       suites, equal budgets, statistics
    web         HTTP APIs
    cli         the command line
"""

LAYERS = (
    "errors",
    "names",
    "problem",
    "model",
    "candidate",
    "sandbox",
    "feedback",
    "search",
    "select",
    "grade",
    "store",
    "bench",
    "web",
    "cli",
)

__version__ = "0.1.0"
