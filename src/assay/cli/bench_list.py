"""`assay bench --list`: the suites, and whether each is at hand."""

import json
from typing import Any

from assay.bench.suites import SUITES, Suite


def bench_list(as_json: bool) -> int:
    rows = [row_of(suite) for suite in SUITES.values()]
    if as_json:
        print(json.dumps({"suites": rows}))
        return 0
    for row in rows:
        size = "any number of" if row["size"] is None else row["size"]
        here = "here" if row["here"] else f"not here: {row['get']}"
        print(f"{row['suite']:<14} {row['about']}\n{'':<14} {size} problems; {here}")
        print(f"{'':<14} {row['source']}; licence: {row['licence']}")
    print("or a file of problems (.jsonl, .jsonl.gz), or a folder of Harbor tasks: docs/suites.md")
    return 0


def row_of(suite: Suite) -> dict[str, Any]:
    return {
        "suite": suite.name,
        "about": suite.about,
        "size": suite.size,
        "licence": suite.licence,
        "source": suite.source,
        "here": suite.here(),
        "get": suite.get,
    }
