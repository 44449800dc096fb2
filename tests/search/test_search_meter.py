"""CPU time: all of it is given to somebody, and none of it twice."""

from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_tools import PROBLEM, code, run_of

from assay.model import Completion, Prompt
from assay.model.prompter import Prompter
from assay.model.scripted import Scripted
from assay.sandbox.scripted import Scripted as Machine
from assay.search import find_strategy
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties
from assay.search.meter import METER, Meter


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9), st.integers(0, 9)), max_size=12))
def test_time_is_given_once(moves: list[tuple[bool, int, int]]) -> None:
    """Catches: jobs at a time that each count the whole process, time before the first and after
    the last that is somebody's, a problem that is blamed for what the model computed."""
    now = [0.0]
    meter = Meter(lambda: now[0])
    calls = problems = nobody = 0.0
    seen = []
    with ExitStack() as under_way:
        kinds = set[str]()
        for call, before, after in moves:
            now[0] += before
            nobody += before * (not kinds)
            calls += before * ("call" in kinds)
            problems += before * (kinds == {"problem"})
            kinds.add("call" if call else "problem")
            used = under_way.enter_context(meter.call() if call else meter.problem())
            seen.append((call, used))
            now[0] += after
            calls += after * ("call" in kinds)
            problems += after * (kinds == {"problem"})
        shares = [(call, used()) for call, used in seen]
    now[0] += 100.0
    assert sum(value for call, value in shares if call) == pytest.approx(calls)
    assert sum(value for call, value in shares if not call) == pytest.approx(problems)
    assert sum(value for _, value in shares) + nobody == pytest.approx(now[0] - 100.0)
    assert all(value == used() for (_, value), (_, used) in zip(shares, seen, strict=True))


@pytest.mark.parametrize("name", ["embedded/m", "openai/m"])
async def test_only_a_model_in_this_process_computes_in_it(name: str) -> None:
    """Catches: the CPU of a server elsewhere made up out of ours, sandbox time that is lost."""

    class Busy(Scripted):
        async def complete(self, prompts: list[Prompt]) -> list[Completion]:
            start = METER._clock()
            while METER._clock() - start < 0.02:
                pass
            return await super().complete(prompts)

    run = replace(run_of("6"), cpu_seconds=1.5)
    parties = Parties(Busy([code("1"), code("2")], name=name), Machine([run, run]))
    ledger = Ledger(Budget())
    steps = find_strategy("sample")(PROBLEM, Prompter(), n=2)
    with METER.problem() as used:
        await Driver(PROBLEM, parties, ledger, Forgetful()).drive(steps)
        rest = used()
    assert ledger.cost.sandbox_cpu_seconds == 3.0
    inside = name.startswith("embedded")
    assert (ledger.cost.model_cpu_seconds >= 0.04) == inside
    assert (ledger.cost.model_cpu_seconds == 0.0) == (not inside)
    assert (rest >= 0.04) == (not inside)
