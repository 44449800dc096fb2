"""Exports: the forms that other tools read, nothing hidden in them, nothing scored by mistake."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exporting import EMPTY, EVIL, ITEMS, LONG, LOST, RIGHT, SAMPLES, SECRET, export_of, make
from hypothesis import given
from hypothesis import strategies as st

from assay.bench.export import FORMATS, Export, find_format
from assay.bench.export.plain import MAX_NAME, clean, dumped, member, row_of_test
from assay.bench.export.source import choose, with_items
from assay.cli.bench_export import places
from assay.errors import UnknownName, UsageError
from assay.problem import Call, Command, Io, Script, jsonl
from assay.store import Log

CODE = "def f(x):\n    return x + 1\n"
Made = tuple[Log, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    log, run = make(tmp_path_factory.mktemp("export"))
    with log:
        yield log, run


def files(export: Export, name: str) -> dict[str, bytes]:
    return dict(find_format(name).files(export))


def members(export: Export) -> dict[str, Any]:
    [content] = files(export, "inspect").values()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_evalplus_gets_its_samples_and_results(made: Made) -> None:
    """Catches: a failure of ours among the samples or the results (it would be a wrong answer
    there), seeds that are no samples."""
    both = files(export_of(made), "evalplus")
    samples = [json.loads(line) for line in both[".jsonl"].splitlines()]
    assert [row["task_id"] for row in samples] == [
        task for task in (RIGHT, EVIL, EMPTY, LONG) for _ in range(2)
    ]
    assert samples[0] == {"task_id": RIGHT, "solution": CODE}
    assert samples[4] == {"task_id": EMPTY, "solution": ""}
    results = json.loads(both["_eval_results.json"])
    assert results.keys() == {"date", "hash", "eval"}
    assert {
        task: [row["base_status"] for row in rows] for task, rows in results["eval"].items()
    } == {
        RIGHT: ["pass", "pass"],
        EVIL: ["fail", "fail"],
        EMPTY: ["fail", "fail"],
        LONG: ["fail", "fail"],
    }
    assert results["eval"][RIGHT][0] == {
        "task_id": RIGHT,
        "solution": CODE,
        "base_status": "pass",
        "plus_status": None,
        "base_fail_tests": [],
        "plus_fail_tests": [],
    }


@pytest.mark.parametrize(
    ("outcomes", "wanted"),
    [
        ({"base": "passed", "plus": "wrong"}, ("pass", "fail")),
        ({"base": "raised", "plus": "skipped"}, ("fail", "fail")),
        ({"base": "passed", "plus": "timeout"}, ("pass", "timeout")),
        ({"check": "wrong"}, ("fail", None)),
    ],
)
def test_the_added_inputs_of_evalplus_have_a_status_of_their_own(
    made: Made, outcomes: dict[str, str], wanted: tuple[str, str | None]
) -> None:
    """Catches: a program that passes HumanEval and fails HumanEval+ counted as failing both."""
    from assay.bench.export.evalplus import statuses

    export = export_of(made)
    sample = replace(export.samples[EVIL][0], item="of another suite")
    verdicts = [{"test": test, "outcome": outcome} for test, outcome in outcomes.items()]
    export.log.append(export.row.id, sample.item, "grade", {"verdicts": verdicts})
    assert statuses(export, sample) == wanted


def test_livecodebench_gets_its_list(made: Made) -> None:
    """Catches: another order than the one by which upstream pairs rows with questions, a failure
    of ours that is a wrong program there, a verdict that is a guess."""
    [content] = files(export_of(made), "livecodebench").values()
    rows = json.loads(content)
    assert [row["question_id"] for row in rows] == sorted([RIGHT, EVIL, EMPTY, LONG])
    by_id = {row["question_id"]: row for row in rows}
    assert by_id[RIGHT] == {
        "question_id": RIGHT,
        "code_list": [CODE, CODE],
        "graded_list": [True, True],
        "pass@1": 1.0,
    }
    assert by_id[EMPTY]["code_list"] == ["", ""]
    assert by_id[EVIL]["graded_list"] == [False, False]


def test_an_inspect_log_has_every_sample_once(made: Made) -> None:
    """Catches: a name that leads out of a folder when it is unpacked, a sample under another name
    than its id's, a failure of ours with a score, figures that are not the run's."""
    found = members(export_of(made))
    assert {"_journal/start.json", "_journal/summaries/1.json", "summaries.json"} < found.keys()
    header = found["header.json"]
    assert (header["version"], header["status"]) == (2, "success")
    [score] = header["results"]["scores"]
    assert (score["scored_samples"], score["unscored_samples"]) == (8, 2)
    assert score["metrics"]["accuracy"]["value"] == 0.25
    assert score["metrics"]["stderr"]["value"] == 0.25
    samples = {name: body for name, body in found.items() if name.startswith("samples/")}
    assert len(samples) == len(found["summaries.json"]) == 2 * len(ITEMS)
    for name, body in samples.items():
        assert name == f"samples/{body['id']}_epoch_{body['epoch']}.json"
        assert not {"", ".", ".."} & set(name.split("/"))
        assert not set(name) & set("\\\0")
    by_problem = {body["metadata"]["problem"]: body for body in samples.values()}
    assert by_problem.keys() == {RIGHT, EVIL, EMPTY, LOST, LONG}
    lost = by_problem[LOST]
    assert lost["scores"] == {}
    assert "gone" in lost["error"]["message"]
    right = by_problem[RIGHT]
    assert right["error"] is None
    assert right["scores"]["hidden_tests"]["value"] == "C"
    assert right["scores"]["hidden_tests"]["explanation"] == "hidden: passed"
    assert right["target"] == ["f(1) == 2"]
    assert [message["role"] for message in right["messages"]] == ["system", "user", "assistant"]
    assert right["output"]["completion"] == right["messages"][-1]["content"]
    assert [e["event"] for e in right["events"]] == ["model", "info", "info", "score"]
    [usage] = right["model_usage"].values()
    assert (
        usage["total_tokens"] == right["metadata"]["cost"]["prompt_tokens"] + usage["output_tokens"]
    )


def test_an_export_is_the_same_each_time(made: Made) -> None:
    """Catches: a time or a random id in the file."""
    for name in FORMATS:
        assert files(export_of(made), name) == files(export_of(made), name), name


@pytest.mark.parametrize("name", FORMATS)
def test_hidden_tests_stay_hidden(made: Made, name: str) -> None:
    """Catches: a hidden test, or what a program gave on it, in a file that may become data to
    train with. Even the details of a verdict hold both."""
    export = export_of(made)
    found = files(export, name)
    found |= {key: dumped(body) for key, body in members(export).items()}
    assert found
    for key, content in found.items():
        assert str(SECRET).encode() not in content, key


def test_hidden_tests_go_out_where_they_are_asked_for(made: Made) -> None:
    """Catches: a flag that does nothing."""
    found = members(export_of(made, hidden=True))
    body = next(b for b in found.values() if isinstance(b, dict) and b.get("id") == member(EVIL))
    assert body["target"] == [f"f({SECRET}) == {SECRET + 1}"]
    assert "actual: 2" in body["scores"]["hidden_tests"]["explanation"]
    [content] = files(export_of(made, hidden=True), "trl").values()
    assert all(str(SECRET) in json.loads(line)["hidden_tests"][0] for line in content.splitlines())


def test_trl_gets_prompts_and_tests(made: Made) -> None:
    """Catches: a row without its split, columns of more than one type, tests that cannot be read
    back as they were."""
    [content] = files(export_of(made), "trl").values()
    rows = [json.loads(line) for line in content.splitlines()]
    assert [row["task_id"] for row in rows] == [item.problem.id for item in ITEMS]
    assert [row["split"] for row in rows] == ["train", "test", "test", "test", "test"]
    assert [m["role"] for m in rows[0]["prompt"]] == ["system", "user"]
    assert "This is plain/0." in rows[0]["prompt"][1]["content"]
    assert all("hidden_tests" not in row for row in rows)
    assert {
        type(v) for row in rows for k, v in row.items() if k not in ("prompt", "stubs", "tests")
    } == {str}
    assert back(rows[0]["tests"]) == ITEMS[0].problem.tests


def back(tests: list[str]) -> tuple[Any, ...]:
    body = {"id": "t", "prompt": "p", "tests": [json.loads(test) for test in tests]}
    row = jsonl.row_of(json.dumps(body).encode(), "here")
    return jsonl.tests_of(row.tests, row)


@pytest.mark.parametrize(
    "test",
    [
        Call(id="a", expression="f(1)", expected=None, raises="ValueError", tolerance=0.5),
        Io(id="b", stdin="1\n", expected="2\n", comparison="tokens"),
        Script(id="c", source="def check(f): ...", call="check(f)"),
        Command(id="d", argv=("python", "main.py"), files=(("a.txt", "x"),), stdin="y"),
    ],
)
def test_a_test_of_any_kind_comes_back(test: Any) -> None:
    """Catches: a kind taken for another one, a field that is lost."""
    from dataclasses import asdict

    assert back([dumped(row_of_test(asdict(test))).decode()]) == (test,)


names = st.text(alphabet=st.sampled_from("a/.\\:% \0\n\u20ac\ud800"), max_size=12) | st.text()


@given(names, names)
def test_names_lead_nowhere_and_stay_apart(one: str, other: str) -> None:
    """Catches: `..`, an absolute path, a control character, two problems under one name."""
    for name in (one, other, "n" * 300 + one):
        safe = member(name)
        assert not {"", ".", ".."} & set(safe.split("/")) or name == ""
        assert safe.isascii()
        assert safe.isprintable()
        assert "\\" not in safe
        assert len(safe) <= MAX_NAME
    assert (member(one) == member(other)) == (one == other)
    assert member("HumanEval/0") == "HumanEval/0"


@given(st.recursive(st.none() | st.floats() | st.text(alphabet=st.characters()), st.lists))
def test_texts_are_unicode_and_numbers_are_json(value: Any) -> None:
    """Catches: a lone surrogate or NaN, at which other readers stop; a text that needs no change
    and has one."""
    found = json.loads(dumped(value))
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    if isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value):
        assert found == clean(value) == value


def test_one_cell_is_chosen() -> None:
    """Catches: two strategies in one file, a number or a word that takes another cell."""
    other = replace(SAMPLES[0], strategy="sample(n=2)")
    cells = [*SAMPLES, other]
    with pytest.raises(UsageError, match=r"give one of the cells.* 3: .*sample\(n=2\)"):
        choose("r", cells, None)
    with pytest.raises(UsageError, match="no cell 'tree'"):
        choose("r", cells, "tree")
    with pytest.raises(UsageError, match="give one"):
        choose("r", cells, "seed=0")
    assert choose("r", cells, "sample") == SAMPLES
    assert choose("r", cells, "2") == [SAMPLES[1]]
    assert choose("r", cells, other.key) == choose("r", [other], None) == [other]
    with pytest.raises(UnknownName, match="inspect"):
        find_format("inspct")


def test_tests_that_changed_since_are_no_tests_of_the_run(made: Made) -> None:
    """Catches: hidden tests beside verdicts of others."""
    export = export_of(made)
    changed = [replace(ITEMS[0], hidden=()), *ITEMS[1:]]
    with pytest.raises(UsageError, match="other tests now"):
        with_items(export, changed)
    with pytest.raises(UsageError, match="no longer has"):
        with_items(export, ITEMS[1:])


def test_the_second_file_stands_beside_the_first(tmp_path: Path) -> None:
    """Catches: an ending that is put after the format's own, a file in another folder."""
    given_files = [(".jsonl", b"new"), ("_eval_results.json", b"{}")]
    found = places(tmp_path / "x.jsonl", given_files)
    assert found == {tmp_path / "x.jsonl": b"new", tmp_path / "x_eval_results.json": b"{}"}
