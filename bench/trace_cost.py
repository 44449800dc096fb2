"""What watching a call costs: a traced, a counted and a profiled run over a plain one.

    nice -n 19 python bench/trace_cost.py [--rounds 5]

Each program runs alone, in this process and in the same minute under each watcher; printed is the
least CPU time of a watcher over the least of the plain run, and the time a watched line. The
programs are ours, so no sandbox is in between.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

from assay.feedback.inside import hooks
from assay.feedback.inside.cases import Case
from assay.feedback.inside.count import Costs, Counter
from assay.feedback.inside.record import Recorder

MOST = 10**9
PROGRAMS = {
    "loop": "def f(n):\n    t = 0\n    for i in range(n):\n        t += i * i\n    return t\n",
    "calls": "def g(x):\n    return x + 1\n\ndef f(n):\n    t = 0\n    for i in range(n):\n"
    "        t = g(t)\n    return t\n",
    "lists": "def f(n):\n    xs = []\n    for i in range(n):\n        xs.append(i)\n"
    "        y = xs[-3:]\n    return y\n",
}
WATCHERS: dict[str, Callable[[], hooks.Watcher]] = {
    "trace": lambda: Recorder(lambda record: len(str(record)), MOST, 1e9, False),
    "count": partial(Counter, MOST),
    "profile": partial(Costs, MOST, time.perf_counter_ns),
}


def seconds(code: str, call: str, watcher: hooks.Watcher | None) -> float:
    case = Case(code, {"kind": "call", "expression": call, "setup": ""})
    case.prepare()
    if watcher is not None:
        hooks.start(watcher)
    started = time.process_time()
    case.run()
    spent = time.process_time() - started
    hooks.stop()
    return spent


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=10_000)
    options = parser.parse_args()
    call = f"f({options.size})"
    print(f"Python {sys.version.split()[0]}, {call}, least of {options.rounds}")
    for name, code in PROGRAMS.items():
        counter = Counter(MOST)
        seconds(code, call, counter)
        plain = min(seconds(code, call, None) for _ in range(options.rounds))
        for kind, make in WATCHERS.items():
            watched = min(seconds(code, call, make()) for _ in range(options.rounds))
            line = (watched - plain) / counter.total * 1e6
            print(f"{name:6} {kind:8} {watched / plain:6.0f} times, {line:5.1f} us a line")
    return 0


if __name__ == "__main__":
    sys.exit(main())
