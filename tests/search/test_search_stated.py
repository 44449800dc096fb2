"""What a prompt says of the visible tests and of how a program is run."""

from assay.model.prompter import Prompter
from assay.problem import Call, Command, Io, Problem, Test
from assay.search.turns import opening, statement


def asked(language: str, *tests: Test) -> str:
    problem = Problem(id="p", prompt="Do it.", language=language, tests=tests)
    return opening(problem, Prompter())[-1].content


def test_a_program_is_told_that_it_reads_input() -> None:
    """Defect: a model writes a function where a program is run, or cannot read the example."""
    text = asked(
        "cpp", Io(id="1", stdin="2\n", expected="4\n"), Io(id="2", stdin="a\nb\n", expected="c")
    )
    assert text == (
        "Do it.\n\nReply with the whole cpp code in one ```cpp block and nothing else.\n"
        "It is a whole program: it reads standard input, prints to standard output and ends with"
        " status 0.\n\nIt must pass these tests:\n"
        "input '2\\n' prints '4\\n'\n"
        "input\n```\na\nb\n```\nprints 'c'"
    )


def test_a_query_is_told_of_the_tables() -> None:
    """Defect: a model creates the tables again, which fails."""
    text = asked("sql", Io(id="1", stdin="CREATE TABLE t(a);\n", expected="1\n2\n"))
    assert "on a database that holds these tables" in text
    made = "after\n```sql\nCREATE TABLE t(a);\n```\n"
    assert text.endswith(f"{made}it returns\n```\n1\n2\n```")


def test_a_command_is_shown_with_its_input_and_status() -> None:
    """Defect: the test needs something that the prompt does not say."""
    tests = (
        Command(id="1", argv=("bash", "main.sh", "a b"), stdin="x\n", expected="y\n", status=3),
        Command(id="2", argv=("bash", "main.sh"), status=2),
    )
    text = asked("bash", *tests)
    assert (
        "the command bash main.sh 'a b' with input 'x\\n' prints 'y\\n' and ends with status 3"
        in text
    )
    assert text.endswith("the command bash main.sh ends with status 2")


def test_calls_are_explained_to_other_languages_alone() -> None:
    """Defect: None in a JavaScript prompt; a prompt for Python, and so its recordings, changed."""
    call = Call(id="1", expression="f(None)", expected="True")
    assert "None null or undefined" in asked("javascript", call)
    assert asked("python", call) == (
        "Do it.\n\nReply with the whole python code in one ```python block and nothing else.\n\n"
        "It must pass these tests:\nf(None) == True"
    )


def test_a_plan_is_asked_for_with_the_same_words() -> None:
    """Defect: the task as a planner sees it lacks how the program is run."""
    problem = Problem(
        id="p", prompt="Do it.", language="bash", tests=(Io(id="1", stdin="", expected="x\n"),)
    )
    assert "reads standard input" in statement(problem, Prompter())
