"""Processors: workers do not share one, what lasts is let go, and the user's thread is left."""

import os
import threading
from collections import Counter

import pytest

from assay.problem import Limits
from assay.sandbox import Job, Sandbox, affinity

pytestmark = pytest.mark.skipif(len(affinity.everywhere()) < 2, reason="one processor, or macOS")
SPIN = """
import os, time
until = time.monotonic() + 10
while len(os.sched_getaffinity(0)) < 2 and time.monotonic() < until:
    pass
print(len(os.sched_getaffinity(0)))
"""


@pytest.fixture
def seats(monkeypatch: pytest.MonkeyPatch) -> list[affinity.Seat]:
    monkeypatch.setattr(affinity, "_taken", Counter())  # without those of other tests
    return [affinity.Seat() for _ in range(2)]


def runs(seats: list[affinity.Seat], times: int) -> list[set[int]]:
    """Where a thread that begins so many runs on each seat may run in the end."""
    found: list[set[int]] = []

    def work(seat: affinity.Seat) -> None:
        for _ in range(times):
            seat.moved()
        found.append(os.sched_getaffinity(0))

    for seat in seats:
        thread = threading.Thread(target=work, args=[seat])
        thread.start()
        thread.join()
    return found


def test_two_workers_do_not_share_a_processor(seats: list[affinity.Seat]) -> None:
    """Both on the processor on which one thread woke the other: the second one idles."""
    one, two = runs(seats, 2)
    assert len(one) == len(two) == 1
    assert one != two


def test_a_seat_is_chosen_anew(seats: list[affinity.Seat]) -> None:
    """A worker that stays beside a busy neighbour for good."""
    [found] = runs(seats[:1], affinity.KEPT_RUNS + 1)
    assert found == affinity.everywhere()
    assert not any(affinity._taken.values())


def test_the_main_thread_is_left(seats: list[affinity.Seat]) -> None:
    """A user's program that runs on one processor once it has judged something."""
    before = os.sched_getaffinity(0)
    for _ in range(3):
        seats[0].moved()
    assert os.sched_getaffinity(0) == before
    assert seats[0].processors() <= before
    assert not any(affinity._taken.values())


async def test_a_run_that_lasts_is_let_go(isolated: Sandbox) -> None:
    """Long runs that share a processor while another is idle."""
    await isolated.run([Job(code="")] * 8)  # the first run of a worker has no seat
    jobs = [Job(code=SPIN, limits=Limits(wall_seconds=30, cpu_seconds=15))] * 4
    found = [run.stdout for run in await isolated.run(jobs)]
    assert found == [f"{len(os.sched_getaffinity(0))}\n"] * 4
