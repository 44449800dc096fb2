"""LiveCodeBench's rows: packed tests are read, and no pickle is ever loaded."""

import ast
import base64
import gzip
import json
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bench.suites import load_suite
from assay.errors import ProblemError
from assay.grade import hidden_job, livecodebench
from assay.problem import Call, Io
from assay.sandbox import open_blocking
from assay.sandbox.programs import same_output


def pack(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def cases(*pairs: tuple[str, str], kind: str = "stdin") -> list[dict[str, str]]:
    return [{"input": given, "output": wanted, "testtype": kind} for given, wanted in pairs]


def row_of(private: str, **changes: Any) -> dict[str, Any]:
    row = {
        "question_id": "abc_a",
        "question_content": "Print the sum.",
        "starter_code": "",
        "public_test_cases": json.dumps(cases(("1 2\n", "3\n"))),
        "private_test_cases": private,
        "metadata": "{}",
    }
    return row | changes


HIDDEN = cases(("5 5\n", "10\n"), ("1 0\n", "1\n"))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_tests_are_read_in_every_packing(protocol: int) -> None:
    """Catches: a release whose hidden tests are silently none."""
    text = json.dumps(HIDDEN)
    for private in (text, pack(pickle.dumps(text, protocol=protocol))):
        item = livecodebench.item_of(row_of(private))
        assert [test.id for test in item.problem.tests] == ["public:1"]
        assert [test.id for test in item.hidden] == ["public:1", "private:1", "private:2"]
        assert "5 5" not in repr(item.problem)


@given(st.text())
def test_a_pickled_text_is_the_text(text: str) -> None:
    """Catches: surrogates, line ends or long texts that come out as others."""
    assert livecodebench.pickled_text(pickle.dumps(text)) == text


class Bomb:
    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('a pickle was loaded')",))


HOSTILE = [
    pickle.dumps(Bomb()),
    pickle.dumps(["[]", Bomb()]),
    pickle.dumps(["[]"]),
    pickle.dumps(7),
    b"cos\nsystem\n(S'echo x'\ntR.",
    b"\x80\x04\x8c\x02[]\x8c\x02[].",
    b"",
    b"\x80\x04\x8c\xff[]",
    b"garbage",
]


@pytest.mark.parametrize("data", HOSTILE)
def test_any_other_pickle_is_refused_and_never_loaded(tmp_path: Path, data: bytes) -> None:
    """Catches: code of a data set that runs here."""
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps(row_of(pack(data))) + "\n")
    with pytest.raises(ProblemError, match="line 1"):
        livecodebench.items(path)


def test_packed_tests_that_burst_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: memory filled by a few packed bytes; tests that were cut off."""
    monkeypatch.setattr(livecodebench, "MAX_TESTS", 1 << 20)
    whole = pack(pickle.dumps("[" + " " * (2 << 20) + "]"))
    with pytest.raises(ValueError, match="more than 1 MB"):
        livecodebench.private_cases(whole)
    half = base64.b64encode(base64.b64decode(pack(pickle.dumps("[]")))[:-6]).decode()
    with pytest.raises(ValueError, match="cut off"):
        livecodebench.private_cases(half)


def test_the_tests_of_all_rows_are_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: a bound that a file of many rows, each within it, passes by as often as it likes."""
    monkeypatch.setattr(livecodebench, "MAX_ALL", 3 << 20)
    private = pack(pickle.dumps(json.dumps(cases((" " * (1 << 20), "1")))))
    lines = [json.dumps(row_of(private, question_id=f"q{n}")) + "\n" for n in range(4)]
    path = tmp_path / "test.jsonl"
    path.write_text("".join(lines[:2]))
    assert len(livecodebench.items(path)) == 2
    path.write_text("".join(lines))
    with pytest.raises(ProblemError, match=r"line 3: .* more than 3 MB .* part of the file"):
        livecodebench.items(path)


@pytest.mark.parametrize("packed", [False, True])
def test_a_long_row_is_read_and_a_longer_one_named(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: a release whose longest rows cannot be loaded, by name or as a path; a traceback."""
    text = json.dumps(cases(("1" * (17 << 20), "1\n")))
    line = json.dumps(row_of(text)).encode() + b"\n"
    path = tmp_path / f"test.jsonl{'.gz' * packed}"
    path.write_bytes(gzip.compress(line, 1) if packed else line)
    for items in (livecodebench.items(path), load_suite(str(path))):
        assert [len(test.stdin) for test in items[0].hidden if isinstance(test, Io)][1] == 17 << 20
    monkeypatch.setattr(livecodebench, "MAX_LINE", 16 << 20)
    for load in (livecodebench.items, lambda path: load_suite(str(path))):
        with pytest.raises(ProblemError, match="line 1: longer than 16 MB"):
            load(path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_a_value_out_of_json_is_the_value(value: object) -> None:
    """Catches: an argument that is written as a name that no program has."""
    text = livecodebench.written(json.loads(json.dumps(value)))
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    assert names <= {"float"}
    [call] = functions(f"{json.dumps([value])}", "1")
    assert call.expression.endswith(f"([{text}]))")


def functions(*pairs: str) -> list[Call]:
    row = row_of(
        json.dumps(cases(pairs, kind="functional")),  # type: ignore[arg-type]  # two
        public_test_cases="[]",
        metadata=json.dumps({"func_name": "f"}),
        starter_code="def f(x):\n    ",
    )
    return [test for test in livecodebench.item_of(row).hidden if isinstance(test, Call)]


def test_numbers_that_json_does_not_know_are_judged() -> None:
    """Catches: infinities and NaN among the arguments of a function, a NameError for everyone."""
    row = row_of(
        json.dumps(cases(("[1, Infinity, -Infinity, NaN, 1e999]", "[0, 1, 1, 2, 1]"),
                         kind="functional")),
        public_test_cases="[]",
        metadata=json.dumps({"func_name": "f"}),
        starter_code="def f(x):\n    ",
    )  # fmt: skip
    item = livecodebench.item_of(row)
    kinds = "2 if v != v else 1 if abs(v) == float('inf') else 0"
    code = f"def f(x):\n    return [{kinds} for v in x]\n"
    infinite = livecodebench.item_of(
        row | {"private_test_cases": json.dumps(cases(("1", "-Infinity"), kind="functional"))}
    )
    with open_blocking(slots=1) as box:
        runs = box.run(
            [
                hidden_job(item, code),
                hidden_job(item, "def f(x):\n    return [0] * len(x)\n"),
                hidden_job(infinite, "def f(x):\n    return -float('inf')\n"),
            ]
        )
    assert [run.passed for run in runs] == [True, False, True], runs


@pytest.mark.parametrize(
    "change",
    [
        {"public_test_cases": "{}x"}, {"public_test_cases": "[1]"}, {"question_content": None},
        {"private_test_cases": "{}"}, {"private_test_cases": 1}, {"metadata": "[]"},
        {"public_test_cases": json.dumps(cases(("1", "1"), kind="functional"))},
        {"public_test_cases": json.dumps(cases(("1", "1"), kind="shell"))},
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, change: dict[str, Any]) -> None:
    """Catches: a traceback from a row of another form."""
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps(row_of("[]", **change)) + "\n")
    with pytest.raises(ProblemError, match="line 1"):
        livecodebench.items(path)


def test_programs_and_methods_are_judged() -> None:
    """Catches: standard input that does not arrive, a class that is not made, a tuple that is
    refused, and a wrong program that passes."""
    programs = livecodebench.item_of(row_of(json.dumps(HIDDEN)))
    starter = (
        "class Solution:\n    def first(self, nums: List[int], k: int) -> List[int]:\n        "
    )
    calls = cases(("[1, 2, 3]\n2", "[1, 2]"), kind="functional")
    methods = livecodebench.item_of(
        row_of(
            json.dumps(calls),
            starter_code=starter,
            public_test_cases=json.dumps(calls),
            metadata=json.dumps({"func_name": "first"}),
        )
    )
    assert isinstance(programs.hidden[0], Io)
    assert isinstance(methods.hidden[0], Call)
    problem = methods.problem
    assert (problem.entry_point, problem.stubs) == ("Solution.first", ("Solution.first",))
    compile(problem.starter, "starter", "exec")
    good = problem.starter.replace("...", "return tuple(nums[:k])")
    with open_blocking(slots=1) as box:
        runs = box.run(
            [
                hidden_job(programs, "print(sum(map(int, input().split())))"),
                hidden_job(programs, "print(3)"),
                hidden_job(methods, good),
                hidden_job(methods, problem.starter),
            ]
        )
    assert [run.passed for run in runs] == [True, False, True, False], runs


@pytest.mark.parametrize(
    ("actual", "expected", "same"),
    [
        ("1.50\n2\n", "1.5\n2.0", True), (" a \n", "a", True), ("a\n\nb", "a\nb", False),
        ("1 2", "12", False), ("sNaN", "sNaN", True), ("NaN", "NaN", True), ("sNaN", "1", False),
        ("1e999999999", "1", False), ("0.1", "0.10000000000000001", False), ("", "", True),
        ("50000000000000001", "50000000000000000", False),
    ],
)  # fmt: skip
def test_numbers_are_compared_as_numbers(actual: str, expected: str, same: bool) -> None:
    """Catches: a right answer refused for its zeros; a signalling NaN that ends Assay."""
    assert same_output(actual, expected, "numbers") is same
