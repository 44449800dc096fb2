"""`assay solve`: problems in, answers out."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import typer

from assay.bench import Result
from assay.bench.work import Recipe, Workshop, work
from assay.candidate.splice import diff
from assay.cli.dialogue import unasked
from assay.cli.evidence import answered_by, decision, doubtful_tests, evidence, given_answers
from assay.cli.files import check_place, write_file
from assay.cli.labels import plural
from assay.cli.progress import Progress
from assay.cli.replay import replay, texts_of
from assay.cli.run import asking, run_async
from assay.cli.screen import Screen, forget_typed, interactive
from assay.cli.session import Settings, fetch, open_log, workshop
from assay.cli.targets import Target, targets_of
from assay.errors import UsageError
from assay.problem import testfile
from assay.search.driver import Person
from assay.select import SELECTORS
from assay.store import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveFlags:
    tests: Path | None
    out: Path | None
    diff: bool
    write: bool
    force: bool
    without: Sequence[str]
    step: bool
    replay: str | None
    min_confidence: float
    ask: int | None
    answers: Path | None
    json: bool

    @classmethod
    def of(cls, context: typer.Context) -> "SolveFlags":
        given = {field.name: context.params[field.name] for field in fields(cls)}
        return cls(**{**given, "without": given["without"] or ()})


def solve_all(given: Sequence[str], settings: Settings, flags: SolveFlags) -> int:
    """Solves every target and gives the exit status of the worst."""
    if flags.replay is not None:
        if given or flags.step:
            raise UsageError("--replay takes everything from the log: no TARGET and no --step")
        return replay(flags.replay, settings, flags.json)
    if not given:
        raise UsageError("a TARGET is missing (try --help)")
    screen = Screen(quiet=flags.json)
    extra = testfile.load(flags.tests) if flags.tests else ()
    targets = [target for one in given for target in targets_of(one, extra)]
    targets = [leave_out(target, flags.without) for target in targets]
    check_flags(targets, flags)
    check_place("--out", flags.out, (*given, flags.tests, flags.answers, settings.log))
    recipe = settings.recipe(settings.strategy, settings.selector, settings.model)
    recipe = replace(recipe, least=flags.min_confidence)
    person = person_of(targets, settings, flags, screen)
    config = {
        "targets": list(given),
        "model": settings.model,
        "strategy": settings.strategy,
        "selector": settings.selector,
        "min_confidence": flags.min_confidence,
        "budget": settings.budget,
        "feedback": settings.feedback,
        "feedback_tokens": settings.feedback_tokens,
        "context_tokens": settings.context_tokens,
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "seed": settings.seed,
        "prompts": texts_of(settings.prompts),
        "price": settings.price,
        "ask": flags.ask,
    }
    with open_log(settings.log) as log:
        fetch(settings.model, screen)
        run = log.start("solve", config)
        work_done = solve_run(log, run, targets, settings, recipe, person, screen, flags.step)
        results = run_async(work_done)
        log.append(run, "", "end", {"items": len(results)})
        report(targets, results, flags, screen, log)
    return exit_status(results)


async def solve_run(
    log: Log,
    run: str,
    targets: Sequence[Target],
    settings: Settings,
    recipe: Recipe,
    person: Person | None,
    screen: Screen,
    step: bool = False,
) -> list[Result]:
    async with workshop(settings, settings.model, log, run, screen) as opened:
        shop = replace(opened, parties=replace(opened.parties, person=person))
        if step or (interactive() and "person" in (recipe.prompter.sources or ())):
            return [await by_hand(shop, target, recipe, screen, step) for target in targets]
        results = await work_on(shop, targets, recipe, settings.jobs, screen)
        if len(targets) == 1 and interactive() and not screen.quiet:
            results = await offer_without(shop, targets, recipe, results, screen)
    return results


async def by_hand(
    shop: Workshop, target: Target, recipe: Recipe, screen: Screen, step: bool
) -> Result:
    """One after another, and without a line that moves: a person types."""
    from assay.cli.step import ByHand

    hand = ByHand(target.item.problem, screen, shop.parties.person)
    parties = replace(shop.parties, person=hand, hand=hand if step else None)
    result = await work(replace(shop, parties=parties), target.item, recipe)
    screen.result(result, 28)
    return result


def person_of(
    targets: Sequence[Target], settings: Settings, flags: SolveFlags, screen: Screen
) -> Person | None:
    """Who answers questions. Raises `UsageError`: no terminal, or a selector that asks nothing."""
    if not flags.ask and flags.answers is None:
        return None
    from assay.cli.dialogue import answers_in, person_for

    problems = {target.item.problem.id: target.item.problem.tests for target in targets}
    person = person_for(flags.ask, answers_in(flags.answers, problems, screen), screen)
    if person is not None and settings.selector in SELECTORS:
        raise UsageError(
            f"--selector {settings.selector} asks nothing: with --ask and --answers take posterior"
        )
    return person


def leave_out(target: Target, without: Sequence[str]) -> Target:
    problem = target.item.problem
    known = [test.id for test in problem.tests]
    if unknown := [name for name in without if name not in known]:
        listed = ", ".join(known) or "none"
        raise UsageError(f"{problem.id} has no visible test {unknown[0]!r}; it has {listed}")
    kept = tuple(test for test in problem.tests if test.id not in without)
    return replace(target, item=replace(target.item, problem=replace(problem, tests=kept)))


def check_flags(targets: Sequence[Target], flags: SolveFlags) -> None:
    """Refuses before anything is paid for."""
    if flags.step and not interactive():
        raise UsageError("--step needs a terminal, where a person reads and types")
    if flags.write or flags.diff:
        for target in targets:
            if target.path is None:
                raise UsageError(
                    f"--write and --diff want a .py file, not {target.item.problem.id}"
                )
            if flags.write and not flags.force and (why := unsafe_to_write(target.path)):
                raise UsageError(f"{target.path} {why}, or --force")


def unsafe_to_write(path: Path) -> str:
    """What would be lost, and what to do, if the file changed: git holds no copy of it as it is.
    Empty where git does."""
    try:
        done = subprocess.run(
            ["git", "status", "--porcelain", "--ignored", "--", path.resolve().name],
            cwd=path.resolve().parent,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "cannot be checked with git, which did not answer; install it"
    if done.returncode != 0:
        return "is in no git repository, so nothing could bring it back; `git init` and commit it"
    return "has changes that are not committed; commit them" if done.stdout.strip() else ""


async def work_on(
    shop: Workshop, targets: Sequence[Target], recipe: Recipe, jobs: int, screen: Screen
) -> list[Result]:
    waiting = asyncio.Semaphore(jobs)
    width = min(28, max(len(target.item.problem.id) for target in targets))

    progress = Progress([target.item.problem for target in targets], recipe.budget.tokens)
    watched = replace(shop, parties=progress.watch(shop.parties))

    async def one(target: Target) -> Result:
        async with waiting:
            result = await work(watched, target.item, recipe)
        # Of one problem the evidence below has the reason.
        unsaid = len(targets) > 1 and result.status == "unmeasured"
        screen.result(result, width, graded=unsaid)
        progress.done += 1
        return result

    with screen.live(progress.line):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(target)) for target in targets]
    return [task.result() for task in tasks]


async def offer_without(
    shop: Workshop, targets: Sequence[Target], recipe: Recipe, results: list[Result], screen: Screen
) -> list[Result]:
    """Asks whether to go on without a test that looks wrong."""
    [target], [result] = targets, results
    doubts = doubtful_tests(shop.log, result)
    if result.status != "failed" or not doubts:
        return results
    for doubt in doubts:
        screen.say(doubt.text, "yellow")
    names = [doubt.test for doubt in doubts]
    question = f"Go on without {', '.join(names)}?"
    with asking():
        forget_typed()
        wanted = typer.confirm(question, default=False, err=True)
    if not wanted:
        return results
    return await work_on(shop, [leave_out(target, names)], recipe, 1, screen)


def report(
    targets: Sequence[Target],
    results: Sequence[Result],
    flags: SolveFlags,
    screen: Screen,
    log: Log,
) -> None:
    for target, result in zip(targets, results, strict=True):
        if flags.ask or flags.answers:
            label = f"{result.problem}: " * (len(targets) > 1)
            silence = decision(log, result).get("silence", "")
            screen.say(f"{label}{unasked(result.questions, silence)}")
        if flags.json:
            answers = given_answers(log, result, answered_by(flags.answers))
            print(json.dumps(asdict(result) | {"answers": answers}))
        elif flags.write or flags.diff or flags.out is None:
            hand_back(target, result, flags, screen, alone=len(targets) == 1)
    if len(results) == 1:
        screen.say(evidence(log, results[0]))
    else:
        screen.say(totals(results))
    if flags.out is not None:
        rows = [{"task_id": r.problem, "solution": r.code or ""} for r in results]
        write_file(flags.out, "".join(json.dumps(row) + "\n" for row in rows))
        screen.say(f"{plural(len(rows), 'sample')} in {flags.out}")


def hand_back(
    target: Target, result: Result, flags: SolveFlags, screen: Screen, *, alone: bool
) -> None:
    """The code, its diff, or the changed file."""
    old = target.item.problem.starter
    new = result.code
    if new is None:
        return
    if flags.diff and target.path:
        print(diff(old, new, str(target.path)), end="")
    if flags.write and target.path:
        if result.status == "verified" or flags.force:
            replace_file(target.path, old, new)
            screen.say(f"wrote {target.path}")
        else:
            screen.say(
                f"{target.path} was left as it is: {result.reason} (--force writes)", "yellow"
            )
    elif not flags.diff and alone:
        print(new, end="" if new.endswith("\n") else "\n")


def replace_file(path: Path, old: str, new: str) -> None:
    """Changes the file at once or not at all. Raises `UsageError` where it is no longer `old`."""
    path = path.resolve()
    if path.read_bytes() != old.encode("utf-8"):
        raise UsageError(f"{path.name} was changed while the problem was solved; it stays as it is")
    made = path.with_name(f".{path.name}.assay")
    try:
        # Bytes, so that the file's own line ends stay as they were.
        made.write_bytes(new.encode("utf-8"))
        shutil.copymode(path, made)
        made.replace(path)
    except OSError as error:
        made.unlink(missing_ok=True)
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None


def totals(results: Sequence[Result]) -> str:
    verified = sum(r.status == "verified" for r in results)
    graded = [r.hidden for r in results if r.hidden is not None]
    unmeasured = sum(r.status == "unmeasured" for r in results)
    tokens = sum(r.cost["prompt_tokens"] + r.cost["completion_tokens"] for r in results)
    lines = [f"{verified} of {len(results)} verified by their visible tests; {tokens:,} tokens"]
    if before := sum(r.cost["cached_tokens"] for r in results):
        lines.append(f"(cached) {before:,} of these tokens were not spent now: the log had them")
    if graded:
        lines.append(f"hidden tests: {sum(graded)} of {len(graded)} right")
    if unmeasured:
        lines.append(f"NOT MEASURED: {unmeasured}")
    run = results[0].log.partition("/")[0]
    return "\n".join([*lines, f"everything that happened: assay show {run}"])


def exit_status(results: Sequence[Result]) -> int:
    """The first of: 1 unmeasured, 5 budget, 3 no candidate passes, 4 abstained, 0."""
    statuses = {result.status for result in results}
    spent = [r.stopped.endswith("budget") for r in results if r.status == "unmeasured"]
    if not all(spent):
        return 1
    if spent or any(r.status == "failed" and r.stopped.endswith("budget") for r in results):
        return 5
    return 3 if "failed" in statuses else 4 if "abstained" in statuses else 0
