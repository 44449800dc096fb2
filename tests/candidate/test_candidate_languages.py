"""Programs in other languages than Python out of a reply."""

import pytest

from assay.candidate.extract import extract
from assay.problem import Problem

SEATS = "function seats(rows) {\n  return rows.length;\n}\n"
SUM = "while read -r line; do\n  total=$((total + line))\ndone\necho $total\n"
MAIN = "#include <iostream>\nint main() {\n    std::cout << 1;\n}\n"
QUERY = "SELECT name, count(*) FROM t\nGROUP BY name ORDER BY name;\n"


@pytest.mark.parametrize(
    ("language", "entry", "code", "after"),
    [
        ("javascript", "seats", SEATS, "```js\n" + "console.log(seats([1]));\n" * 9 + "```"),
        ("javascript", "seats", SEATS.replace("function seats", "const seats = function"),
         "```javascript\nseats([]);\n```"),
        ("javascript", "seats", "export async " + SEATS, "```\nseats2()\n```"),
        ("javascript", "$", "const $ = () => 1;\n", "```js\nconst $a = $();\n```"),
        ("bash", None, SUM, "Run it:\n```bash\nbash sum.sh < in\n```"),
        ("bash", None, SUM, "Output:\n```\n" + "3\n" * 99 + "```"),
        ("cpp", None, MAIN, "```sh\ng++ main.cpp && ./a.out\n```\n```\n1\n```"),
        ("sql", None, QUERY, "It gives\n```\nann|1\nbob|2\n```"),
    ],
)  # fmt: skip
def test_what_follows_a_program_is_not_taken_for_it(
    language: str, entry: str | None, code: str, after: str
) -> None:
    """Defect: an example, its output or the way to start a program is run in its place."""
    problem = Problem(id="p", prompt="", language=language, entry_point=entry)
    tag = {"javascript": "js", "sql": "sqlite"}.get(language, language)
    assert extract(f"Here:\n```{tag}\n{code}```\n{after}\n", problem) == code


@pytest.mark.parametrize("language", ["bash", "cpp", "sql", "go"])
def test_the_corrected_program_is_the_last_one(language: str) -> None:
    """Defect: a repair that repeats the old program before the new one changes nothing."""
    problem = Problem(id="p", prompt="", language=language)
    reply = (
        f"Old:\n```{language}\none two three four\n```\nNew:\n```{language}\none two three\n```\n"
    )
    assert extract(reply, problem) == "one two three\n"


def test_a_block_of_another_language_is_no_program() -> None:
    """Defect: Python is run as bash."""
    problem = Problem(id="p", prompt="", language="bash")
    assert extract("```python\nprint(1)\n```", problem) is None
