"""Plan first, check the plan on the visible tests by hand, then write and repair against it."""

from dataclasses import dataclass, field

from assay.feedback import Attempt
from assay.feedback.combine import gather
from assay.feedback.shorten import clip
from assay.feedback.steps import Steps, try_
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, ROUNDS, STUCK, UNMEASURED
from assay.search.ideas import LONGEST, VALUES, guided, last_word, longest, reply_to
from assay.search.turns import FURTHER, asked, turn, write_new

SHOWN_WRONG = 2
"""Earlier wrong programs in a repair's prompt, the newest; the paper shows all."""


def lpw(problem: Problem, prompter: Prompter, checks: int = 2, rounds: int = 3) -> Steps[str]:
    """LPW: a plan whose worked tests are what a failing program is compared with.

    Lei et al. 2024, "Planning-Driven Programming: A Large Language Model Programming Workflow"
    (GPT-4o: HumanEval 98.2, MBPP 84.8). Plan; work every visible test through it and revise it
    where that fails (`checks` times, 12 in the paper); judge that work; write; then `rounds` (12)
    of analysis and rewriting. Changed: the values that a failing program has on the way come
    from the tracer, not from prints that a call adds (they spoil what a program prints); analysis
    and explanation are one call; a plan that the last check judges wrong leads to a program for
    the bare task, where the original gives none. Calls: 1 + 2 a check + 1, then 2 a repair.
    """
    return (yield from planned(problem, prompter, "lpw", 1, checks, rounds))


def slpw(
    problem: Problem, prompter: Prompter, plans: int = 3, checks: int = 2, rounds: int = 3
) -> Steps[str]:
    """SLPW: LPW from several plans, whose programs are tried in order until one passes.

    As `lpw` (GPT-4o: APPS 64.0, CodeContests 35.3, against LPW's 62.6 and 34.7). How the original
    chooses what to repair is not certain; here it is the program with the best score, of several
    the one that was repaired least. `rounds` counts repairs of all programs together.
    """
    return (yield from planned(problem, prompter, "slpw", plans, checks, rounds))


@dataclass(slots=True)
class Branch:
    """One plan and what came of it."""

    plan: str
    worked: str
    """The visible tests worked through the plan."""
    attempt: Attempt
    wrong: list[Attempt] = field(default_factory=list)
    """Programs before `attempt`."""


def planned(
    problem: Problem, prompter: Prompter, name: str, plans: int, checks: int, rounds: int
) -> Steps[str]:
    branches: list[Branch] = []
    seen: set[str] = set()
    for number in range(plans):
        plan, worked = yield from plan_of(problem, prompter, number, checks)
        messages = guided(problem, prompter, "\n\n".join(filter(None, (plan, worked))))
        made = yield from write_new(
            problem, prompter, messages, f"{name}:{number}", seen, draw=number
        )
        if made == STUCK:
            continue  # another plan, the same program
        if isinstance(made, str):
            return made
        [attempt] = yield from try_([made])
        if problem.tests and attempt.passed:
            return PASSED
        if not attempt.measured:
            return UNMEASURED
        branches.append(Branch(plan, worked, attempt))
    if not problem.tests:
        return NO_TESTS
    return (yield from repaired(problem, prompter, name, branches, seen, rounds))


def plan_of(problem: Problem, prompter: Prompter, draw: int, checks: int) -> Steps[tuple[str, str]]:
    """A plan and the visible tests worked through it; both empty where it was judged wrong last.

    A revision takes the plan's place and is worked through anew while checks are left: after the
    last one it is used as it is. Work that was judged wrong is drawn again, not repeated.
    """
    plan = yield from reply_to(problem, prompter, "plan", draw)
    if not problem.tests or not checks:
        return plan, ""
    wrong = False
    for _ in range(checks):
        worked = yield from reply_to(problem, prompter, "plan_verify", draw, plan=plan)
        _, revised, better = worked.rpartition("Revised plan:")
        if revised and better.strip() not in ("", plan):
            plan, wrong = better.strip(), False
            continue
        judged = yield from reply_to(
            problem, prompter, "plan_check", draw, plan=plan, worked=worked
        )
        wrong = last_word(judged, "verdict").startswith("wrong")
        if not wrong:
            return plan, worked
        draw += FURTHER
    return ("", "") if wrong else (plan, "")


def repaired(
    problem: Problem,
    prompter: Prompter,
    name: str,
    branches: list[Branch],
    seen: set[str],
    rounds: int,
) -> Steps[str]:
    start = len(seen)
    for number in range(rounds):
        if not branches:
            return STUCK
        branch = max(branches, key=lambda one: (one.attempt.score, -len(one.wrong)))
        messages = yield from against_plan(problem, prompter, branch)
        parent = branch.attempt.candidate.id
        made = yield from write_new(
            problem, prompter, messages, f"{name}:{start + number}", seen, parent
        )
        if isinstance(made, str):
            branches.remove(branch)
            continue
        branch.wrong.append(branch.attempt)
        [branch.attempt] = yield from try_([made])
        if branch.attempt.passed:
            return PASSED
        if not branch.attempt.measured:
            return UNMEASURED
    return ROUNDS


def against_plan(
    problem: Problem, prompter: Prompter, branch: Branch
) -> Steps[tuple[Message, ...]]:
    """The conversation that asks for the next program: what failed, beside what was planned."""
    feedback = yield from gather(problem, branch.attempt, prompter, VALUES)
    analysis = yield from reply_to(
        problem,
        prompter,
        "plan_analyse",
        plan=branch.plan,
        worked=branch.worked,
        code=clip(branch.attempt.candidate.code or "", LONGEST),
        feedback=feedback.message,
    )
    most = longest(prompter) // SHOWN_WRONG
    wrong = [clip(one.candidate.code or "", most) for one in branch.wrong[-SHOWN_WRONG:]]
    return turn(
        problem,
        prompter,
        branch.attempt,
        "plan_repair",
        guided(problem, prompter, branch.plan),
        feedback=feedback.message,
        analysis=analysis,
        wrong=wrong,
    )


def codesim(problem: Problem, prompter: Prompter, plans: int = 2, debugs: int = 2) -> Steps[str]:
    """CodeSim: a plan, executed by hand on the visible tests, then code, then simulated debugging.

    Islam et al. 2025, "CODESIM: Multi-Agent Code Generation and Problem Solving through
    Simulation-Driven Planning and Debugging" (GPT-4o: HumanEval 95.1, MBPP 90.7). Both limits are
    5 in the paper. Changed: whether a plan is wrong is read from a line of its own, not from a
    word anywhere; the best program is kept, not the last. Calls: 3 or 4 a plan, 1 a debugging.
    """

    seen: set[str] = set()
    for number in range(plans):
        plan = yield from reply_to(problem, prompter, "codesim_plan", number)
        if plan and problem.tests:
            plan = yield from simulated(problem, prompter, plan, number)
        messages = opening = guided(problem, prompter, plan)
        parent = None
        for step in range(debugs + 1):
            made = yield from write_new(
                problem,
                prompter,
                messages,
                f"codesim:{number * (debugs + 1) + step}",
                seen,
                parent,
                draw=0 if step else number,
            )
            if made == STUCK:
                break  # on to another plan
            if isinstance(made, str):
                return made
            [attempt] = yield from try_([made])
            if not problem.tests:
                return NO_TESTS
            if attempt.passed or not attempt.measured:
                return PASSED if attempt.passed else UNMEASURED
            if step < debugs:
                messages = yield from asked(problem, prompter, attempt, "codesim_debug", opening)
                parent = made.id
    return ROUNDS


def simulated(problem: Problem, prompter: Prompter, plan: str, draw: int) -> Steps[str]:
    """The plan, refined where executing it by hand says that it is wrong."""
    report = yield from reply_to(problem, prompter, "codesim_simulate", draw, plan=plan)
    if not last_word(report, "verdict").startswith("wrong"):
        return plan
    better = yield from reply_to(
        problem, prompter, "codesim_refine", draw, plan=plan, report=report
    )
    return better or plan
