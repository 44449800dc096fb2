"""The driver: serves a strategy's requests, and owns budget, concurrency and the journal."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from assay.candidate import Candidate
from assay.errors import BudgetSpent, ModelError, SandboxError, UsageError
from assay.feedback import Attempt, Feedback
from assay.feedback.steps import (
    Ask,
    Consult,
    Execute,
    Question,
    Recall,
    Reply,
    Request,
    Steps,
    Tell,
    Try,
)
from assay.feedback.tests import explain, no_code, unmeasured
from assay.model import Completion, Model, Prompt
from assay.model.checked import only
from assay.problem import Problem, Test
from assay.sandbox import Job, Run, Sandbox
from assay.search.budget import TOTAL_BUDGET, Cost, Ledger, Reservation
from assay.search.meter import METER
from assay.search.records import attempt_record, by_hand_record, completion_record

T = TypeVar("T")
Ran = Run | SandboxError | UsageError | BudgetSpent
BY_HAND = "stopped by hand"


class Journal(Protocol):
    """Where the driver writes down what happens, as it happens."""

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        """Keeps one event; it is safe from `kill -9` when this returns."""
        ...


class Forgetful:
    """A journal that keeps nothing."""

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        del kind, body


class Person(Protocol):
    async def answer(self, question: Question) -> Reply | None: ...


@runtime_checkable
class Recalling(Protocol):
    """A person whose answers are a file."""

    def recall(self, question: Recall) -> Reply | None: ...


class Hand(Protocol):
    """Who looks at each request before it is served."""

    async def look(self, request: Request, trail: "Trail") -> Request | None:
        """The request as it shall be served; `None` ends the search."""
        ...


@dataclass(frozen=True, slots=True)
class Parties:
    """Who serves a strategy."""

    model: Model
    sandbox: Sandbox
    person: Person | None = None
    hand: Hand | None = None


@dataclass(slots=True)
class Trail:
    """What came of driving one strategy on one problem."""

    attempts: list[Attempt] = field(default_factory=list)
    """In the order in which they were made, repeats included."""
    stopped: str = "done"
    """What the strategy said (a constant of `search`), else `done`, `budget` (the problem's),
    `total budget` (the run's), `stopped by hand` or `model: …`."""
    spent: str = ""
    """In words, the budget that ended it; empty where none did."""
    failures: list[str] = field(default_factory=list)
    """Of model and sandbox: what came of them is not what the strategy would have done."""
    questions: int = 0
    """That a person was asked."""
    disturbed: int = 0
    """Failures of model and sandbox, those included that left only advice out."""
    told: list[Tell] = field(default_factory=list)
    """What was said of candidates."""
    cut_off: bool = False
    """The budget of the whole run kept something from it that its own had room for."""


class Driver:
    """Serves the requests of one problem. What it spends goes to the ledger, what happens to the
    journal; a failure of the sandbox leaves an attempt unmeasured, never wrong."""

    def __init__(
        self, problem: Problem, parties: Parties, ledger: Ledger, journal: Journal
    ) -> None:
        self.problem = problem
        self.parties = parties
        self.ledger = ledger
        self.journal = journal
        self.trail = Trail()
        self._runs: dict[tuple[str, tuple[Test, ...]], Run] = {}
        self._executed: dict[Job, Run] = {}
        self._answered: dict[str, Completion] = {}
        """What the model said to greedy prompts, by key."""
        self._requests = 0

    async def drive(self, steps: Steps[T]) -> T | None:
        """Runs a generator to its end; `None` when budget or model ended it before.

        What could not be served is raised at the request: one that can go on without catches it.
        """
        try:
            request = next(steps)
            while True:
                if (looked := await self._look(request)) is None:
                    self.trail.stopped = BY_HAND
                    return None
                try:
                    served = await self._serve(looked)
                except (BudgetSpent, ModelError) as error:
                    self.trail.cut_off |= isinstance(error, BudgetSpent) and error.total
                    request = steps.throw(error)
                else:
                    request = steps.send(served)
        except StopIteration as end:
            result: T = end.value
            return result
        except BudgetSpent as error:
            self._budget_spent(error)
        except ModelError as error:
            self.trail.stopped = f"model: {error}"
            self.trail.failures.append(self.trail.stopped)
        finally:
            steps.close()
        return None

    async def _look(self, request: Request) -> Request | None:
        self._requests += 1
        if self.parties.hand is None:
            return request
        with self._idle():
            looked = await self.parties.hand.look(request, self.trail)
        if looked != request:
            self.journal.note("by hand", by_hand_record(self._requests, looked))
        return looked

    @contextmanager
    def _idle(self) -> Iterator[None]:
        """A person thinks: that time is not the search's."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.ledger.idle(time.monotonic() - start)

    async def _serve(self, request: Request) -> Any:
        match request:
            case Ask(prompts, optional):
                return await self._ask(prompts, optional)
            case Try(candidates, None):
                attempts = await self._try(candidates, self.problem.tests)
                for attempt in attempts:
                    self.journal.note("attempt", attempt_record(attempt))
                self.trail.attempts += attempts
                return attempts
            case Try(candidates, tests):
                return await self._try(candidates, tests or ())
            case Execute(jobs):
                return await self._execute(jobs)
            case Consult(question):
                return await self._consult(question)
            case Tell(candidate, feedback):
                self.trail.told.append(request)
                self.journal.note("feedback", {"candidate": candidate, **asdict(feedback)})
                return None

    def _budget_spent(self, error: BudgetSpent) -> None:
        self.trail.cut_off |= error.total
        self.trail.stopped = TOTAL_BUDGET if error.total else "budget"
        self.trail.spent = self.ledger.spent(error.total)

    async def _ask(self, prompts: Sequence[Prompt], optional: bool) -> list[Completion]:
        """A greedy prompt of before has its answer already, which is neither asked for nor charged
        again. The others are calls in as many waves as it takes: what one wave leaves of what it
        had reserved is there for the next, so that a budget ends with its tokens and not with its
        worst case."""
        if all(prompt.key in self._answered for prompt in prompts):
            return [self._answered[prompt.key] for prompt in prompts]
        waiting, completions = list(prompts), list[Completion]()
        while waiting:
            try:
                held = self._reserve(waiting)
            except BudgetSpent as error:
                if not completions and not optional:
                    raise
                self._budget_spent(error)
                break
            waiting = waiting[len(held) :]
            needed = not optional and not completions and not waiting
            completions += await self._calls(held, needed=needed, optional=optional)
        return completions

    def _reserve(self, prompts: Sequence[Prompt]) -> list[Reservation]:
        """As many as fit whole, at least one. Raises `BudgetSpent` where not even one does."""
        held = [self.ledger.reserve(prompts[0])]
        for prompt in prompts[1:]:
            try:
                more = self.ledger.reserve(prompt)
            except BudgetSpent:
                break
            if more.prompt.max_tokens < prompt.max_tokens:
                self.ledger.release(more)
                break
            held.append(more)
        return held

    async def _calls(
        self, held: Sequence[Reservation], *, needed: bool, optional: bool
    ) -> list[Completion]:
        async with self._timed("model"), self._computing():
            replies = await asyncio.gather(*map(self._one_call, held), return_exceptions=True)
        completions = [reply for reply in replies if isinstance(reply, Completion)]
        failures = [reply for reply in replies if isinstance(reply, BaseException)]
        # A failed call of several leaves the others usable; alone it ends the strategy. What is
        # optional is only noted.
        for failure in failures:
            if not isinstance(failure, ModelError) or (needed and not completions):
                self.trail.disturbed += isinstance(failure, ModelError)
                raise failure
            self.trail.disturbed += 1
            if not optional:
                self.trail.failures.append(f"model: {failure}")
            self.journal.note("error", {"error": str(failure)})
        return completions

    async def _one_call(self, held: Reservation) -> Completion:
        try:
            completion = only(await self._in_time(self.parties.model.complete([held.prompt])))
        except BaseException as error:
            self.ledger.release(held, under_way=not isinstance(error, ModelError))
            raise
        self.ledger.settle(held, completion)
        self.trail.cut_off |= held.cut and completion.finish_reason != "stop"
        if held.prompt.temperature == 0:
            self._answered[held.prompt.key] = completion
        self.journal.note("completion", completion_record(held.prompt, completion))
        return completion

    async def _in_time(self, work: Awaitable[T]) -> T:
        """Cuts a call off when the seconds of the budget are over. Raises `BudgetSpent`."""
        limit = asyncio.timeout(self.ledger.seconds_left())
        try:
            async with limit:
                return await work
        except TimeoutError:
            if not limit.expired():
                raise
            raise self.ledger.late() from None

    async def _try(self, candidates: Sequence[Candidate], tests: tuple[Test, ...]) -> list[Attempt]:
        new: dict[str, Candidate] = {}
        for candidate in candidates:
            if candidate.code is not None and (candidate.id, tests) not in self._runs:
                new.setdefault(candidate.id, candidate)
        failure = await self._run(list(new.values()), tests) if new else None
        return [self._attempt(candidate, tests, failure) for candidate in candidates]

    async def _run(self, candidates: list[Candidate], tests: tuple[Test, ...]) -> str | None:
        """Runs and remembers; gives the reason where the sandbox failed."""
        jobs = [job_for(self.problem, c.code or "", tests) for c in candidates]
        failure = None
        for candidate, result in zip(candidates, await self._sandboxed(jobs), strict=True):
            match result:
                case Run():
                    self._runs[candidate.id, tests] = result
                case BudgetSpent():
                    failure = "the budget had no room to run it"
                case _:
                    failure = str(result)
                    self.trail.disturbed += 1
                    self.trail.failures.append(f"sandbox: {failure}")
                    self.journal.note("error", {"candidate": candidate.id, "error": failure})
        return failure

    async def _execute(self, jobs: tuple[Job, ...]) -> list[Run | None]:
        """A failure leaves the advice out, and the strategy goes on without it."""
        waiting = [job for job in dict.fromkeys(jobs) if job not in self._executed]
        for job, result in zip(waiting, await self._sandboxed(waiting), strict=True):
            if isinstance(result, Run):
                self._executed[job] = result
            else:
                self.trail.disturbed += isinstance(result, SandboxError)
                self.journal.note("error", {"error": str(result)})
        return [self._executed.get(job) for job in jobs]

    async def _sandboxed(self, jobs: list[Job]) -> list[Ran]:
        """A run a job, or what kept it from one. Raises `BudgetSpent` where that kept all."""
        if not jobs:
            return []
        spent = self.ledger.no_more_runs(len(jobs))
        granted = jobs[: self.ledger.reserve_runs(len(jobs))]
        async with self._timed("sandbox"):
            answers = await asyncio.gather(
                *(self._in_time(self.parties.sandbox.run([job])) for job in granted),
                return_exceptions=True,
            )
        results: list[Ran] = []
        for answer in answers:
            if isinstance(answer, list):
                results.append(answer[0])
                self.ledger.charge(Cost(sandbox_cpu_seconds=answer[0].cpu_seconds))
            elif isinstance(answer, (SandboxError, UsageError, BudgetSpent)):
                results.append(answer)
            else:
                raise answer
        self.ledger.charge(Cost(cached_runs=sum(getattr(r, "cached", False) for r in results)))
        results += [spent] * (len(jobs) - len(granted))
        if cut := [result for result in results if isinstance(result, BudgetSpent)]:
            # Seconds that end during one of several runs leave the others what they are.
            if not any(isinstance(result, Run) for result in results):
                raise cut[0]
            self._budget_spent(cut[0])
        return results

    def _attempt(
        self, candidate: Candidate, tests: tuple[Test, ...], failure: str | None
    ) -> Attempt:
        run = self._runs.get((candidate.id, tests))
        feedback = self._feedback(candidate, run, failure)
        return Attempt(candidate=candidate, run=run, feedback=feedback)

    def _feedback(self, candidate: Candidate, run: Run | None, failure: str | None) -> Feedback:
        if candidate.code is None:
            return no_code(self.problem)
        return explain(self.problem, run) if run else unmeasured(failure or "it was not run")

    async def _consult(self, question: Question) -> Reply | None:
        person = self.parties.person
        if person is None:
            return None
        if isinstance(question, Recall):
            return self._recall(question, person)
        with self._idle():
            reply = await person.answer(question)
        self.trail.questions += reply is not None and reply.asked and not question.again
        body = {"question": asdict(question), "reply": None if reply is None else asdict(reply)}
        self.journal.note("consult", body)
        return reply

    def _recall(self, question: Recall, person: Person) -> Reply | None:
        reply = person.recall(question) if isinstance(person, Recalling) else None
        if reply is not None:
            self.journal.note("recall", {"question": asdict(question), "reply": asdict(reply)})
        return reply

    @asynccontextmanager
    async def _timed(self, party: Literal["model", "sandbox"]) -> AsyncIterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            spent, model = time.monotonic() - start, party == "model"
            cost = Cost(model_seconds=spent) if model else Cost(sandbox_seconds=spent)
            self.ledger.charge(cost)

    @asynccontextmanager
    async def _computing(self) -> AsyncIterator[None]:
        """What an embedded model computes meanwhile, it computes in this process."""
        if not self.parties.model.name.startswith("embedded/"):
            yield
            return
        with METER.call() as used:
            try:
                yield
            finally:
                self.ledger.charge(Cost(model_cpu_seconds=used()))


def job_for(problem: Problem, code: str, tests: tuple[Test, ...]) -> Job:
    """A byte order mark belongs to the file, not to the program."""
    code = code.removeprefix("\ufeff")
    return Job(code=code, tests=tests, language=problem.language, limits=problem.limits)
