"""Where one way of judging gives over to another, and what is left behind there."""

import asyncio

import pytest

from assay.errors import SandboxError
from assay.problem import Io, Limits, Script
from assay.sandbox import Job, Sandbox, affinity, languages, open_sandbox

NESTED = "x = []\nfor _ in range({depth}):\n    x = [x]\nassert f(x) is not None\n"
COUNT = """
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
int main(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    printf("%d\\n", CPU_COUNT(&set));
}
"""


def script(source: str, module: str | None = None) -> Script:
    return Script(id="t", source=source, call="None", module=module)


@pytest.mark.parametrize("depth", range(96, 104))
async def test_an_argument_as_deep_as_can_cross(isolated: Sandbox, depth: int) -> None:
    """An argument that crosses one way and not back: a right program is told wrong."""
    [run] = await isolated.run(
        [Job(code="def f(x):\n    return x\n", tests=(script(NESTED.format(depth=depth)),))]
    )
    assert run.passed, run.verdicts[0]


async def test_floats_without_a_path(isolated: Sandbox) -> None:
    """A module of ours that is looked for on the candidate's own path."""
    code = "import sys\nsys.path = []\nsys.modules.clear()\ndef f():\n    return [0.5] * 99\n"
    [run] = await isolated.run([Job(code=code, tests=(script("assert f() == [0.5] * 99\n"),))])
    assert run.passed, run.verdicts[0]


async def test_draws_after_a_test_that_calls_random_its_candidate(isolated: Sandbox) -> None:
    """A judge that forgets its own `random`, seeded as every run's, with the test's candidate."""
    code = "def f():\n    return 1\n"
    draws = "import random\nassert random.random() == 0.8444218515250481, random.random()\n"
    jobs = [
        Job(code=code, tests=(script(source, module),))
        for source, module in [(draws, None), ("assert f() == 1\n", "random"), (draws, None)]
    ]
    for job in jobs:
        [run] = await isolated.run([job])
        assert run.passed, run.verdicts[0]


async def test_another_language_sees_all_processors(isolated: Sandbox) -> None:
    """A compiler, or a program of many threads, that counts the one processor of its worker."""
    if isolated.isolation.tier != "namespaces" or languages.toolchain("c") is None:
        pytest.skip("Python only, or no C compiler")
    test = Io(id="t", stdin="", expected=f"{len(affinity.everywhere())}\n")
    await isolated.run([Job(code="")] * 4)
    job = Job(code=COUNT, tests=(test,), language="c", limits=Limits(wall_seconds=20))
    runs = await isolated.run([job] * 4)
    assert all(run.passed for run in runs), runs


async def test_a_run_in_a_sandbox_that_is_closed_meanwhile() -> None:
    """Another exception than the one that callers know."""
    sandbox = open_sandbox(slots=1)
    waiting = [asyncio.create_task(sandbox.run([Job(code="while True: pass\n")])) for _ in "ab"]
    await asyncio.sleep(0.5)
    await sandbox.close()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in found] == [SandboxError, SandboxError]


async def test_lines_as_in_a_file(isolated: Sandbox) -> None:
    """One empty line too many after the last one, or a line end that is none."""
    code = "import linecache\ndef f():\n    return linecache.getlines('<candidate>')\n# \f\n"
    wanted = code.split("\n")[:-1]
    source = f"assert f() == {[line + chr(10) for line in wanted]!r}, f()\n"
    [run] = await isolated.run([Job(code=code, tests=(script(source),))])
    assert run.passed, run.verdicts[0]


async def test_a_shared_judge_that_writes_no_verdict(
    isolated: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure of ours, as no test can make such a judge do so, that reads `killed`."""
    monkeypatch.setattr("assay.sandbox.verdicts.is_outcome", lambda told: False)
    with pytest.raises(SandboxError, match="no verdict"):
        await isolated.run(
            [Job(code="def f():\n    return 1\n", tests=(script("assert f() == 1\n"),))]
        )
