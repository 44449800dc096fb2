"""A report as data: what is in it is what the log has, and it stays small and safe."""

import base64
import csv
import gzip
import hashlib
import io
import json
import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from reported import CASES, XSS, hostile_run

from assay.bench import Result
from assay.bench.report.attempts import item_of
from assay.bench.report.data import Report, report_of
from assay.bench.report.html import MAX_BYTES, SCRIPTS, embedded, html
from assay.bench.report.kinds import KINDS, kind_of
from assay.bench.report.shelf import Shelf
from assay.bench.report.tables import FORMULA, table, tables
from assay.bench.stats import wilson
from assay.bench.stored import Stored, stored
from assay.store import Event, Log, last_try

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "log.db"
    await hostile_run(path)
    return path


@pytest.fixture
def opened(log: Path) -> Iterator[tuple[Log, Stored]]:
    with Log(log) as opened:
        yield opened, stored(opened, opened.runs()[0].id)


@pytest.fixture
def report(opened: tuple[Log, Stored]) -> Report:
    return report_of(*opened)


class Parts(HTMLParser):
    """The texts of the page's scripts and styles, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.policy = ""
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"] or ""
        self._open = (tag, known) if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.found.append((*self._open, data))

    def named(self, id: str | None) -> str:
        [text] = [
            text for tag, known, text in self.found if known.get("id") == id and tag != "style"
        ]
        return text


def unpacked(page: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(
        gzip.decompress(base64.b64decode(Parts(page).named("packed")))
    )
    return body


def test_results_and_kinds(report: Report) -> None:
    """Catches: an unmeasured, an unfinished or a deceived problem under another name; counts of a
    cell that are not those of its results; rates without an interval."""
    figures = report.figures
    kinds = [row["kind"] for row in figures["results"]]
    pairs = list(zip(kinds[::2], kinds[1::2], strict=True))
    assert pairs == [
        ("solved", "solved"),
        ("wrong", "solved"),
        ("false_positive", "false_positive"),
        ("no_program", "no_program"),
        ("unmeasured", "unmeasured"),
        ("unfinished", "unfinished"),
    ]
    for cell, row in enumerate(figures["cells"]):
        assert {k: n for k, n in row["kinds"].items() if n} == {
            k: 1 for k, n in row["kinds"].items() if k in kinds[cell::2]
        } | {"solved": cell + 1}
        assert row["intervals"]["false_positives"] == wilson(1, row["visible_passed"])
        assert row["intervals"]["visible_pass_rate"] == wilson(row["visible_passed"], 4)
    assert all(step["interval"] == wilson(step["solved"], 4) for step in figures["curve"])
    assert [(run["finished"], run["results"], run["wanted"]) for run in figures["runs"]] == [
        (False, 10, 12)
    ]


def test_the_page_has_what_the_log_has(opened: tuple[Log, Stored], report: Report) -> None:
    """Catches: a prompt, a completion, a program, a run or a feedback that is left out, is shown in
    another order, or is another's."""
    log, run = opened
    body = unpacked(html(report))
    texts, names = body["texts"], [cell.key for cell in run.cells]
    for number, problem in enumerate(run.row.config["problems"][: len(CASES)]):
        for name in names:
            item = body["items"][f"{number} {name}"]
            events = [
                e
                for e in log.events(run.row.id, f"{name}|{problem}")
                if e.kind not in ("problem", "decision", "grade", "result")
            ]
            assert [step["kind"] for step in item["steps"]] == [event.kind for event in events]
            for step, event in zip(item["steps"], events, strict=True):
                if event.kind == "completion":
                    shown = [[role, texts[text]] for role, text in step["messages"]]
                    assert shown == [
                        [m["role"], m["content"]] for m in event.body["prompt"]["messages"]
                    ]
                    assert texts[step["reply"]] == event.body["completion"]["text"]
                elif event.kind == "attempt":
                    code = event.body["candidate"]["code"]
                    assert (None if step["code"] is None else texts[step["code"]]) == code
                    assert texts[step["message"]] == event.body["feedback"]["message"]
                    verdicts = [] if step["run"] is None else body["runs"][step["run"]]["verdicts"]
                    told = event.body["run"]["verdicts"] if event.body["run"] else []
                    assert [v["outcome"] for v in verdicts] == [v["outcome"] for v in told]


def test_a_problem_that_was_taken_up_again_shows_its_last_try() -> None:
    """Catches: attempts from before a kill among those of the result."""
    kinds = ["problem", "error", "problem", "by hand"]
    events = [Event(n, "r", "i", kind, {"number": n}, 0.0) for n, kind in enumerate(kinds)]
    assert [event.seq for event in last_try(events)] == [2, 3]
    [step] = item_of(Shelf(), last_try(events), None)["steps"]
    assert step == {"kind": "by hand", "text": 0}


def test_the_same_log_gives_the_same_bytes(opened: tuple[Log, Stored]) -> None:
    """Catches: a clock or an order of a set in the page."""
    assert html(report_of(*opened)) == html(report_of(*opened))


def test_the_policy_names_the_page_s_own_code(report: Report) -> None:
    """Catches: a hash that is not that of the script, a script that hostile text added or ended."""
    parts = Parts(html(report))
    [style] = [text for tag, _, text in parts.found if tag == "style"]
    code = parts.named(None)
    assert len(parts.found) == 5
    assert XSS not in code
    for name, text in (("style-src", style), ("script-src", code)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}';" in parts.policy
    assert parts.policy.startswith("default-src 'none';")
    assert not re.search(r"unsafe|https?:|\*", parts.policy)


def test_the_scripts_cannot_parse_html() -> None:
    """Catches: the ways in which a script makes code or elements of a text."""
    folder = Path(str(files("assay.bench.report") / "page"))
    ways = (
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|srcdoc|"
        r"parseFromString|createContextualFragment"
    )
    sources = list(folder.glob("*.js"))
    assert sorted(source.stem for source in sources) == sorted(SCRIPTS)
    for path in sources:
        assert not re.search(ways, path.read_text()), path.name


@given(JSON)
def test_embedded_json_is_the_value_and_no_html(value: Any) -> None:
    """Catches: `</script>`, `<!--`, U+2028 or a lone surrogate that gets into the page."""
    text = embedded(value)
    assert not re.search(r"[<>&\u2028\u2029]", text)
    assert text.isascii()
    assert json.loads(text) == value


@given(st.lists(st.dictionaries(st.text(), st.none() | st.integers() | st.text(), min_size=1)))
def test_no_cell_of_the_csv_is_a_formula(rows: list[dict[str, Any]]) -> None:
    """Catches: a text that a spreadsheet would run, or that comes back as another one."""
    [head, *lines] = csv.reader(io.StringIO(table(rows)), strict=True) if rows else [[]]
    names = list(dict.fromkeys(name for row in rows for name in row))
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines, strict=True):
        for name, cell in zip(names, line, strict=True):
            value = row.get(name)
            if isinstance(value, str):
                assert not cell.startswith(FORMULA)
                assert cell == (f"'{value}" if value.startswith(FORMULA) else value)
            else:
                assert cell == ("" if value is None else str(value))
    assert not any(name.startswith(FORMULA) for name in head)


def test_the_csv_has_the_figures(report: Report) -> None:
    """Catches: rows left out, a nested value as Python text."""
    found = {
        name: list(csv.DictReader(io.StringIO(text)))
        for name, text in tables(report.figures).items()
    }
    assert {name: len(rows) for name, rows in found.items()} == {
        "cells.csv": 2,
        "results.csv": 12,
        "pairs.csv": 1,
    }
    assert [row["kind"] for row in found["results.csv"]] == [
        row["kind"] for row in report.figures["results"]
    ]
    first = report.figures["cells"][0]
    assert float(found["cells.csv"][0]["pass@1"]) == first["pass@1"]
    assert float(found["cells.csv"][0]["interval.0"]) == first["interval"][0]
    assert float(found["pairs.csv"][0]["interval.0"]) == report.figures["paired"][0]["interval"][0]


def test_texts_are_cut_until_the_page_is_small(report: Report) -> None:
    """Catches: a page over its limit, a cut that is not told, texts cut where all fit."""
    draw = random.Random(0)
    assert json.loads(Parts(html(report)).named("kept"))["cut"] == 0
    for number in range(20):
        report.shelf.text(f"{number}" + "".join(draw.choices("abcdefgh +-", k=30_000)))
    page = html(report, most=300_000)
    assert 150_000 < len(page.encode()) <= 300_000 < MAX_BYTES
    kept = json.loads(Parts(page).named("kept"))
    assert kept["cut"] == 20
    assert kept["limit"] < 30_000
    longest = max(unpacked(page)["texts"], key=len)
    assert len(longest) <= kept["limit"]
    assert "more)" in longest


@given(
    st.sampled_from([True, False, None]),
    st.none() | st.text(),
    st.integers(0, 2),
    st.sampled_from([None, *KINDS, "new"]),
)
def test_only_a_pass_is_solved_and_only_a_verdict_is_a_failure(
    hidden: bool | None, code: str | None, passed: int, outcome: str | None
) -> None:
    """Catches: an ending that a verdict does not bear out, a name that has no `Kind`."""
    result = Result(
        problem="p",
        status="failed",
        reason="",
        code=code,
        confidence=None,
        visible={"passed": passed, "total": 2},
        hidden=hidden,
        candidates=1,
        cost={},
        judging=None,
        questions=0,
        stopped="done",
        log="r/p",
    )
    kind = kind_of(result, None if outcome is None else {"outcome": outcome})
    group = KINDS[kind].group
    assert (kind == "unmeasured") == (hidden is None) == (group == "open")
    if hidden is False:
        assert (group == "empty") == (code is None)
        assert (group == "deceived") == (code is not None and passed == 2)
    if hidden is True:
        assert kind == "solved"
