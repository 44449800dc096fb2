"""Strategies of repair, call by call as their cards say."""

import pytest
from search_tools import PROBLEM, code, loaded, play, run_of

from assay.errors import SandboxError
from assay.feedback.critic import KINDS
from assay.model.prompter import Prompter
from assay.model.scripted import Scripted
from assay.problem import Call, Problem
from assay.sandbox import Detail, Run, Verdict
from assay.sandbox.scripted import ISOLATION
from assay.sandbox.scripted import Scripted as Machine
from assay.search import NO_TESTS, OWN_TESTS, PASSED, ROUNDS, STUCK, UNMEASURED
from assay.search.budget import Budget, Ledger
from assay.search.driver import Forgetful, Parties
from assay.search.ldb import ldb
from assay.search.own import assay
from assay.search.reflexion import read_tests, reflexion
from assay.search.repair import (
    Variant,
    conversation,
    critic,
    self_critique,
    self_debug,
    self_repair,
    try_again,
)
from assay.select.answer import solve
from assay.select.visible import visible

BARE = Problem(id="bare", prompt="Add two numbers.", entry_point="add")
NEW = [code(f"a-b-{number}") for number in range(60)]
WRONG = [run_of(str(number)) for number in range(6, 60)]
CALLS = {
    "self_debug": (self_debug(PROBLEM, Prompter()), 1 + 3),
    "self_critique": (self_critique(PROBLEM, Prompter()), 1 + 2),
    "try_again": (try_again(PROBLEM, Prompter()), 1 + 4),
    "conversation": (conversation(PROBLEM, Prompter()), 1 + 9),
    "critic": (critic(PROBLEM, Prompter()), 1 + 4 * 2),
    "reflexion": (reflexion(PROBLEM, Prompter()), 1 + 10 * 2),
    "ldb": (ldb(PROBLEM, Prompter(), rounds=3), 1 + 3),
    "self_repair": (self_repair(PROBLEM, Prompter()), 5 + 5),
}


@pytest.mark.parametrize("name", CALLS)
async def test_calls_of_a_whole_search(name: str) -> None:
    """Catches: a call too many or too few a round, a round too many, and a first that differs."""
    steps, calls = CALLS[name]
    played = await play(steps, NEW, WRONG)
    assert (played.reason, len(played.asked)) == (ROUNDS, calls)
    first = await play(self_debug(PROBLEM, Prompter()), NEW, WRONG)
    assert played.asked[0].key == first.asked[0].key
    names = [attempt.candidate.made_by for attempt in played.trail.attempts]
    assert all(made.partition(":")[0] == name for made in names)


@pytest.mark.parametrize(
    "name", ["self_debug", "try_again", "self_critique", "reflexion", "critic"]
)
async def test_repairs_are_greedy(name: str) -> None:
    """Catches: a temperature that the card does not have."""
    steps = {
        "self_debug": self_debug,
        "try_again": try_again,
        "self_critique": self_critique,
        "reflexion": reflexion,
        "critic": critic,
    }[name](PROBLEM, Prompter())
    played = await play(steps, NEW, WRONG)
    assert set(played.temperatures) == {0.0}


@pytest.mark.parametrize(
    ("variant", "calls", "shown", "hidden"),
    [
        ("simple", 1, "Your code is wrong.", "Expected: 5"),
        ("test", 1, "Expected: 5", "line by line"),
        ("explain", 2, "line by line", "step by step"),
        ("trace", 2, "step by step", "line by line"),
    ],
)
async def test_variants_of_self_debug(
    variant: Variant, calls: int, shown: str, hidden: str
) -> None:
    """Catches: a variant that says what another does, or costs what another does."""
    steps = self_debug(PROBLEM, Prompter(), rounds=1, variant=variant)
    replies = [code("a-b"), *["My code subtracts."] * (calls - 1), code("a+b")]
    played = await play(steps, replies, map(run_of, ("-1", "5")))
    assert (played.reason, len(played.asked)) == (PASSED, 1 + calls)
    assert shown in played.last[1]
    assert not any(hidden in text for text in played.last)
    if calls == 2:
        assert "Expected: 5" in played.last[1]
        assert played.asked[2].messages[-2].content == "My code subtracts."
        assert "fix the mistake" in played.last[2]


async def test_a_repeated_program_gets_one_further_draw() -> None:
    """Catches: a greedy repair that asks the same for ever, a run paid for what is known, a
    search that goes on though the model has nothing new."""
    replies = [code("a-b"), code("a-b"), code("a-b") + "\n\nAgain.", code("a+b")]
    played = await play(self_debug(PROBLEM, Prompter()), replies, [run_of("-1")])
    assert (played.reason, len(played.asked), len(played.machine.jobs)) == (STUCK, 3, 1)
    assert played.temperatures == [0.0, 0.0, 0.8]
    assert played.asked[1].messages == played.asked[2].messages


async def test_the_best_attempt_is_what_is_chosen() -> None:
    """Catches: the last attempt handed back although an earlier one passes more."""

    tests = tuple(Call(id=f"t{n}", expression=f"add({n}, 3)", expected="5") for n in range(3))
    problem = Problem(id="p", prompt="Add.", entry_point="add", tests=tests)

    def passing(count: int) -> Run:
        verdicts = tuple(
            Verdict(test=f"t{n}", outcome="passed" if n < count else "wrong") for n in range(3)
        )
        return Run(verdicts=verdicts, isolation=ISOLATION, outcome="wrong")

    machine = Machine([passing(1), passing(2), passing(0), passing(1)])
    parties = Parties(Scripted(NEW), machine)
    steps = self_debug(problem, Prompter())
    answer = await solve(
        problem, steps, visible, parties, Ledger(Budget()), Forgetful(), Prompter()
    )
    assert answer.visible == (2, 3)
    assert answer.code is not None
    assert "a-b-1" in answer.code


async def test_self_critique_shuffles_the_kinds() -> None:
    """Catches: kinds always in one order, of which a small model names the first."""
    played = await play(self_critique(PROBLEM, Prompter()), NEW, WRONG)
    orders = [
        tuple(line[2:] for line in text.splitlines() if line[:2] == "- ")
        for text in played.last[1:]
    ]
    assert all(
        sorted(order) == sorted(f"{kind}: {what}" for kind, what in KINDS.items())
        for order in orders
    )
    assert len(set(orders)) == 2
    assert all("Your code gave" in text for text in played.last[1:])


async def test_try_again_says_nothing_else() -> None:
    """Catches: a control that tells what failed, or forgets earlier answers."""
    prompter = Prompter(sources=("tests",))
    played = await play(try_again(PROBLEM, prompter), NEW, WRONG)
    assert set(played.last[1:]) == {"Your answer is wrong. Try again."}
    said = [one.content for one in played.asked[4].messages if one.role == "assistant"]
    assert said == NEW[:4]


async def test_a_conversation_keeps_its_patches_and_starts_anew() -> None:
    """Catches: a patch that goes out of sight, a chain without end, a restart that repeats the
    first dialogue word for word."""
    played = await play(conversation(PROBLEM, Prompter(), rounds=5, chain=3), NEW, WRONG)
    lengths = [len(prompt.messages) for prompt in played.asked]
    assert lengths == [2, 4, 6, 8, 4, 6]
    assert "Your code gave: 7" in played.asked[2].messages[-1].content
    assert played.asked[4].messages == played.asked[1].messages
    assert played.asked[4].key != played.asked[1].key
    assert played.temperatures == [0.0, 0.0, *[0.8] * 4]


async def test_a_conversation_that_repeats_itself_starts_anew() -> None:
    """Catches: a known patch that is run again, or that ends the search amid a chain."""
    replies = [NEW[0], NEW[1], NEW[1], NEW[0], NEW[2], NEW[0], NEW[1]]
    played = await play(conversation(PROBLEM, Prompter(), rounds=3), replies, WRONG)
    assert [len(prompt.messages) for prompt in played.asked] == [2, 4, 6, 6, 4]
    assert len(played.machine.jobs) == 3
    assert played.reason == ROUNDS
    stuck = await play(conversation(PROBLEM, Prompter()), [NEW[0]] * 9, WRONG)
    assert (stuck.reason, len(stuck.asked)) == (STUCK, 3)


async def test_critic_asks_then_writes() -> None:
    """Catches: a critique that the rewrite does not see, and one made without the report."""
    replies = [code("a-b"), "It subtracts.", code("a+b")]
    played = await play(critic(PROBLEM, Prompter()), replies, map(run_of, ("-1", "5")))
    assert (played.reason, len(played.asked)) == (PASSED, 3)
    assert "Your code gave: -1" in played.last[1]
    assert played.asked[2].messages[-2].content == "It subtracts."


async def test_critic_builds_on_what_gave_a_value() -> None:
    """Catches: a repair of the repair that does not even load."""
    replies = [NEW[0], "Hm.", NEW[1], "Hm.", NEW[2]]
    runs = [run_of("6"), loaded("build_failed"), run_of("5")]
    played = await play(critic(PROBLEM, Prompter()), replies, runs)
    assert played.asked[3].messages[2].content == NEW[0]
    assert played.trail.attempts[2].candidate.parent == played.trail.attempts[0].candidate.id


async def test_critic_without_tests_goes_by_the_interpreter() -> None:
    """Catches: a program that loads taken for one that passes, or no end where nothing is wrong."""
    replies = [NEW[0], "Wrong sign.", NEW[1], "All is well.", NEW[1], NEW[2]]
    played = await play(critic(BARE, Prompter()), replies, [loaded()] * 2, BARE)
    assert (played.reason, len(played.asked), len(played.machine.jobs)) == (STUCK, 5, 2)
    assert "runs without an error" in played.last[1]


async def test_a_critic_that_finds_nothing_is_not_overruled() -> None:
    """Catches: the same program drawn again at a temperature until it is another, though it was
    found right; and no such draw for an older program, which the critic did not speak of."""
    played = await play(critic(PROBLEM, Prompter()), [NEW[0], "Fine.", NEW[0], NEW[1]], WRONG)
    assert (played.reason, len(played.asked), len(played.machine.jobs)) == (STUCK, 3, 1)
    replies = [NEW[0], "Hm.", NEW[1], NEW[2]]  # what it said greedily, it says again
    runs = [run_of("6"), loaded("build_failed"), run_of("5")]
    played = await play(critic(PROBLEM, Prompter()), replies, runs)
    assert (played.reason, played.temperatures) == (PASSED, [0.0] * 3 + [0.8])


async def test_self_repair_goes_parent_by_parent() -> None:
    """Catches: repairs of the wrong parent, and calls after a pass."""
    steps = self_repair(PROBLEM, Prompter(), programs=3, repairs=2)
    replies = [*NEW[:3], NEW[3], NEW[4], NEW[5], code("a+b")]
    runs = [*WRONG[:6], run_of("5")]
    played = await play(steps, replies, runs)
    assert (played.reason, len(played.asked)) == (PASSED, 3 + 4)
    assert played.temperatures == [0.0, *[0.8] * 6]
    attempts = played.trail.attempts
    assert [a.candidate.parent for a in attempts[3:]] == [
        attempts[0].candidate.id,
        attempts[0].candidate.id,
        attempts[1].candidate.id,
        attempts[1].candidate.id,
    ]
    assert len({prompt.key for prompt in played.asked}) == 7


async def test_reflexion_hands_on_the_newest_lesson() -> None:
    """Catches: a lesson that is lost, or an old one that stays."""
    replies = [NEW[0], "Lesson one.", NEW[1], "Lesson two.", code("a+b")]
    played = await play(reflexion(PROBLEM, Prompter()), replies, [*WRONG[:2], run_of("5")])
    assert (played.reason, len(played.asked)) == (PASSED, 5)
    assert "Lesson one." in played.last[2]
    last = "".join(message.content for message in played.asked[4].messages)
    assert "Lesson two." in last
    assert "Lesson one." not in last
    assert NEW[1] in last
    assert "Your code gave: 7" in last
    assert not any("wrote these tests yourself" in text for text in played.last)


async def test_reflexion_writes_tests_where_there_are_none() -> None:
    """Catches: the model's own tests counted as visible ones, or taken on trust."""
    own = "```python\nassert add(2, 3) == 5\nassert add(0, 0) == 0\n```"
    replies = [NEW[0], own, "Add, do not subtract.", code("a+b")]
    wrong, right = run_of("-1", "own:1"), run_of("5", "own:1")
    played = await play(
        reflexion(BARE, Prompter()), replies, [loaded(), wrong, loaded(), right], BARE
    )
    assert (played.reason, len(played.asked)) == (OWN_TESTS, 4)
    assert "wrote these tests yourself" in played.last[2]
    mine = [request.tests for request in played.tries if request.tests]
    assert {test.origin for tests in mine for test in tests} == {"generated"}
    assert all(attempt.run == loaded() for attempt in played.trail.attempts)


async def test_reflexion_without_any_test_stops() -> None:
    """Catches: a crash, or rounds without a judge, where the model writes no test."""
    played = await play(reflexion(BARE, Prompter()), [NEW[0], "No."], [loaded()], BARE)
    assert (played.reason, len(played.asked)) == (NO_TESTS, 2)


def test_generated_tests_are_only_read() -> None:
    """Catches: one broken line that loses the others, a line that runs here, other people's
    functions as tests."""
    reply = (
        "Sure!\n```python\nassert add(1, 2) == 3\nassert add(\nassert other(1) == 2\n"
        "assert add(__import__('os').abort(), 1) == 1\n  assert add(0, 0) == 0  # zero\n"
        "assert add(1, 2) == 3\n```"
    )
    tests = read_tests(reply, BARE)
    assert [test.id for test in tests] == ["own:1", "own:2"]
    assert {test.origin for test in tests} == {"generated"}


@pytest.mark.parametrize(
    "claim",
    [
        "add(1, 2) == 3 or True",
        "add(1, 2) == open('/etc/passwd').read()",
        "add(open('/etc/passwd'), 2) == 3",
        "add(1, 2) == add(1, 2)",
        "add(10 ** 10 ** 10, 2) == 3",
    ],
)
async def test_own_tests_that_prove_nothing_end_nothing(claim: str) -> None:
    """Catches: a search that ends as `own tests` by a claim that any program passes; a test that
    reads files or never ends."""
    replies = [NEW[0], f"```python\nassert {claim}\n```"]
    played = await play(reflexion(BARE, Prompter()), replies, [loaded(), run_of("5")], BARE)
    assert (played.reason, len(played.tries)) == (NO_TESTS, 1)


def test_an_own_test_has_a_tolerance_that_tells() -> None:
    """Catches: a tolerance that accepts any number."""
    [test] = read_tests("assert abs(add(1, 2) - 3) < 1e999", BARE)
    assert isinstance(test, Call)
    assert test.tolerance == 0.1


async def test_our_own_failure_ends_a_repair() -> None:
    """Catches: our failure told to the model as the program's."""
    for steps in (
        conversation(PROBLEM, Prompter()),
        critic(PROBLEM, Prompter()),
        reflexion(PROBLEM, Prompter()),
        self_repair(PROBLEM, Prompter(), programs=1),
    ):
        played = await play(steps, NEW, [SandboxError("no pids")])
        assert (played.reason, len(played.asked)) == (UNMEASURED, 1)


async def test_assay_is_stuck_after_repeats_in_a_row() -> None:
    """Catches: a search that ends though the model had new programs between its repeats."""
    old = [NEW[0]] * 2  # the draw and its further one
    fresh = [NEW[0], *old, NEW[1], NEW[2], *old, NEW[3], NEW[4], *old, NEW[5], code("a+b")]
    played = await play(assay(PROBLEM, Prompter()), fresh, [*WRONG[:6], run_of("5")])
    assert (played.reason, len(played.machine.jobs)) == (PASSED, 7)
    stuck = await play(assay(PROBLEM, Prompter()), [NEW[0]] * 40, WRONG)
    assert (stuck.reason, len(stuck.asked)) == (STUCK, 1 + 4 * 2)


async def test_our_own_failure_at_the_last_is_no_round() -> None:
    """Catches: `rounds`, as if the last program had failed, where nobody knows what it does."""
    down = SandboxError("no pids")
    for steps in (
        self_debug(PROBLEM, Prompter(), rounds=1),
        conversation(PROBLEM, Prompter(), rounds=1),
        critic(PROBLEM, Prompter(), rounds=1),
        reflexion(PROBLEM, Prompter(), rounds=1),
        assay(PROBLEM, Prompter(), most=2),
    ):
        assert (await play(steps, NEW, [run_of("6"), down])).reason == UNMEASURED
    steps = critic(BARE, Prompter(), rounds=1)
    assert (await play(steps, NEW, [loaded(), down], BARE)).reason == UNMEASURED


async def test_ldb_without_a_trace_shows_the_tests() -> None:
    """Catches: a round without a word on what failed where tracing gives nothing; a conversation
    that does not go on."""
    played = await play(ldb(PROBLEM, Prompter(), rounds=2), NEW, WRONG)
    assert all("Your code gave" in text for text in played.last[1:])
    assert [len(prompt.messages) for prompt in played.asked][:2] == [2, 4]
    assert len(played.asked[-1].messages) == 6


def test_details_are_used() -> None:
    """Catches: a helper of these tests that no longer says what it says."""
    assert run_of("5").passed
    assert run_of("6").verdicts[0].detail == Detail(call="add(2, 3)", expected="5", actual="6")
