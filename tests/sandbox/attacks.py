"""The hostile programs, where they are: beside the repository, or at $ASSAY_ATTACKS."""

import json
import os
from pathlib import Path
from typing import Any

_BESIDE = Path(__file__).parents[2].parent / "shared" / "attacks" / "attacks.jsonl"
FILE = Path(os.environ.get("ASSAY_ATTACKS", _BESIDE))


def attacks(kind: str) -> list[dict[str, Any]]:
    """Those of one kind; none where the file is absent."""
    if not FILE.is_file():
        return []
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    return [row for row in rows if row["kind"] == kind]
