"""The page: one file with its style, its scripts and all data in it.

What is shown is hostile: models, programs and task files wrote it. The page lets nothing run but
its own scripts, by their hash, and load nothing from anywhere; data stand in it as JSON without a
character that HTML knows, and the scripts write them as text alone (`textContent`), which
`require-trusted-types-for` enforces.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import jinja2

from assay.bench.report.data import Report

MAX_BYTES = 5_000_000
SCRIPTS = ("make", "words", "seeds", "summary", "curve", "pairs", "heat", "diff", "details", "main")
"""In this order they make one script."""
ESCAPED = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "<>&"})


def html(report: Report, most: int = MAX_BYTES) -> str:
    """At most so many bytes, where texts can be cut so far; the page says what was cut. The same
    report gives the same page."""
    page = files("assay.bench.report") / "page"
    style = (page / "style.css").read_text(encoding="utf-8")
    parts = ((page / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{"".join(parts)}}})();\n'
    figures = embedded({**report.figures, "results": squares(report.figures["results"])})
    room = most - len(figures) - len(style.encode()) - len(script.encode()) - 20_000
    packed, kept = report.shelf.pack(room)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((page / "page.html").read_text(encoding="utf-8"))
    return template.render(
        title=f"Assay report: {report.figures['suite']}",
        style=style,
        style_hash=csp_hash(style),
        script=script,
        script_hash=csp_hash(script),
        figures=figures,
        packed=packed,
        kept=embedded(kept),
    )


def squares(results: Sequence[dict[str, Any]]) -> list[list[str | None]]:
    """Of each result what the heat map shows; the rest of the row is packed with the attempts."""
    return [[row["kind"], row.get("status"), row.get("judging")] for row in results]


def embedded(value: Any) -> str:
    """JSON in ASCII without `<`, `>` and `&`: nothing in it ends a script or begins a comment."""
    return json.dumps(value, separators=(",", ":")).translate(ESCAPED)


def csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
