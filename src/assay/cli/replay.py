"""`assay solve --replay ID`: the same search again, answered from the log."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assay.bench import Result
from assay.bench.work import Workshop, work
from assay.candidate import Candidate
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.cli.session import Settings, open_log, workshop
from assay.errors import BudgetSpent, ModelError, UsageError
from assay.feedback.steps import Ask, Question, Recall, Reply, Request, Try
from assay.grade import Item
from assay.model import Completion, Message, Prompt
from assay.search.budget import TOTAL_BUDGET, Budget, Ledger
from assay.search.driver import Trail
from assay.search.retrieval import Library
from assay.store import Event, Log, RunRow
from assay.store.log import completion_from
from assay.store.problems import problem_from
from assay.store.solved import SolvedBefore

OF_PROMPTS = ("strategy", "selector", "budget", "seed", "feedback")
LATER = ("feedback_tokens", "context_tokens", "temperature", "max_tokens", "price")
"""Keys of a run's configuration that older logs do not have."""


@dataclass(frozen=True)
class Rerun(Workshop):
    before: str
    """The run that is replayed: what it could know was there before it."""

    @cached_property
    def library(self) -> Library:
        return SolvedBefore(self.log, self.before)


class Logged:
    """The model, person and hand of one problem, as the log has them."""

    def __init__(self, name: str, events: Sequence[Event]) -> None:
        self.name = name
        self._said: dict[str, list[Completion]] = defaultdict(list)
        self._replies: list[Reply | None] = []
        self._recalled: list[Reply] = []
        self._by_hand: dict[int, Any] = {}
        self._requests = 0
        self._tried = sum(event.kind == "attempt" for event in events)
        self._ending = ending_of(events)
        for event in events:
            body = event.body
            if event.kind == "completion":
                self._said[key_of(prompt_of(body["prompt"]))].append(
                    completion_from(body["completion"])
                )
            elif event.kind == "consult":
                self._replies.append(None if body["reply"] is None else Reply(**body["reply"]))
            elif event.kind == "recall":
                self._recalled.append(Reply(**body["reply"]))
            elif event.kind == "by hand":
                self._by_hand[body["number"]] = body["request"]

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return [self._one(prompt) for prompt in prompts]

    async def close(self) -> None:
        """Nothing to give back."""

    def _one(self, prompt: Prompt) -> Completion:
        """A prompt that was asked several times gets its completions in their order."""
        replies = self._said.get(key_of(prompt))
        if not replies:
            self._end()
            begin = " ".join(prompt.messages[-1].content.split())[:60] if prompt.messages else ""
            raise ModelError(f"the log has no completion for the prompt {begin!r}")
        return replace(replies.pop(0), cached=True)

    def _end(self) -> None:
        """Seconds do not hold now: the log says where they ended. Raises `BudgetSpent`."""
        if self._ending.endswith("budget"):
            total = self._ending == TOTAL_BUDGET
            raise BudgetSpent("the log ends here, as the budget did then", total=total)

    async def answer(self, question: Question) -> Reply | None:
        del question
        return self._replies.pop(0) if self._replies else None

    def recall(self, question: Recall) -> Reply | None:
        del question
        return self._recalled.pop(0) if self._recalled else None

    async def look(self, request: Request, trail: Trail) -> Request | None:
        self._requests += 1
        if self._requests not in self._by_hand:
            trying = isinstance(request, Try) and request.tests is None
            if trying and len(trail.attempts) >= self._tried:
                self._end()
            return request
        changed = self._by_hand[self._requests]
        match request, changed:
            case Ask(), {"prompts": list(prompts)}:
                return replace(request, prompts=tuple(map(prompt_of, prompts)))
            case Try(), {"candidates": list(candidates)}:
                return replace(request, candidates=tuple(Candidate(**c) for c in candidates))
            case _:
                return None


def key_of(prompt: Prompt) -> str:
    """What was asked; what the budget of the whole run left for the reply is not part of it."""
    return replace(prompt, max_tokens=0).key


def prompt_of(body: dict[str, Any]) -> Prompt:
    messages = tuple(Message(**message) for message in body["messages"])
    return Prompt(**body | {"messages": messages, "stop": tuple(body["stop"])})


def texts_of(folder: Path | None) -> dict[str, str] | None:
    """The templates of `--prompts`, for the log: they may be others when it is replayed."""
    if folder is None:
        return None
    paths = sorted(path for path in folder.rglob("*.jinja") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
    }


@contextmanager
def folder_of(texts: Mapping[str, str] | None) -> Iterator[Path | None]:
    """The same templates as a folder, for a while."""
    if texts is None:
        yield None
        return
    with TemporaryDirectory(prefix="assay-") as name:
        for path, text in texts.items():
            place = Path(name) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        yield Path(name)


def ending_of(events: Sequence[Event]) -> str:
    """Why the search stopped."""
    ends = [str(event.body["stopped"]) for event in events if event.kind == "decision"]
    return ends[-1] if ends else ""


def total_of(events: Sequence[Event]) -> Budget:
    """Where the budget of the whole run ended the search: what it had left for this problem."""
    if ending_of(events) != TOTAL_BUDGET:
        return Budget()
    [cost] = [event.body["cost"] for event in events if event.kind == "result"][-1:]
    return Budget(calls=cost["calls"], runs=cost["runs"])


def replay(name: str, settings: Settings, as_json: bool) -> int:
    """Runs the problems of a run, or one (`ID/PROBLEM`), again; programs run anew. Exit status 0
    where all came out the same, else 1. Raises `UsageError`."""
    screen = Screen(quiet=as_json)
    prefix, _, wanted = name.partition("/")
    with open_log(settings.log) as log:
        old = log.find(prefix)
        if old.command not in ("solve", "replay"):
            raise UsageError(f"{old.id} is a run of {old.command}; --replay wants one of solve")
        items = dict.fromkeys(e.item for e in log.events(old.id, kind="result"))
        if wanted and wanted not in items:
            raise UsageError(f"run {old.id} has no finished problem {wanted!r}")
        if not items:
            raise UsageError(f"run {old.id} has no finished problem: there is nothing to replay")
        before = old.config.get("before", old.id)
        run = log.start("replay", old.config | {"of": old.id, "before": before})
        differences = 0
        for item in [wanted] if wanted else items:
            result = run_async(again(log, old, run, item, settings, screen))
            differences += tell(log, old.id, result, item, screen, as_json)
        log.append(run, "", "end", {"items": len(items)})
    return 1 if differences else 0


async def again(
    log: Log, old: RunRow, run: str, item: str, settings: Settings, screen: Screen
) -> Result:
    config = old.config
    kept = {key: config[key] for key in (*OF_PROMPTS, *LATER) if key in config}
    events = log.events(old.id, item)
    logged = Logged(config["model"], events)
    [problem] = [problem_from(event.body) for event in events if event.kind == "problem"][-1:]
    with folder_of(config.get("prompts")) as prompts:
        settings = replace(settings, **kept, total="", prompts=prompts)
        recipe = settings.recipe(settings.strategy, settings.selector, config["model"])
        # What took long then need not take long now: the log itself says where the time was over.
        budget = replace(recipe.budget, seconds=None)
        recipe = replace(recipe, budget=budget, least=config.get("min_confidence", 0.0))
        async with workshop(settings, config["model"], log, run, screen, model=logged) as shop:
            parties = replace(shop.parties, person=logged, hand=logged)
            total = Ledger(total_of(events), price=shop.price)
            before = config.get("before", old.id)
            again = Rerun(parties, log, run, shop.price, total, before)
            return await work(again, Item(problem=problem), recipe)


def tell(log: Log, old: str, result: Result, item: str, screen: Screen, as_json: bool) -> int:
    """Prints the result and what differs; the number of differences."""
    new = result.log.partition("/")[0]
    found = list(differences(log.events(old, item), log.events(new, item)))
    if as_json:
        print(json.dumps(asdict(result) | {"of": f"{old}/{item}", "differences": found}))
    elif result.code is not None:
        print(result.code, end="" if result.code.endswith("\n") else "\n")
    screen.result(result, min(28, len(item)))
    screen.say(f"replay of {old}/{item}: {'; '.join(found) or 'the same'}")
    return len(found)


def differences(old: Sequence[Event], new: Sequence[Event]) -> Iterator[str]:
    """In words: the first program or verdict that differs, the prompts, the decision."""
    both = (old, new)
    asked = [
        sorted(key_of(prompt_of(e.body["prompt"])) for e in one if e.kind == "completion")
        for one in both
    ]
    if asked[0] != asked[1]:
        yield f"{len(asked[1])} completions, not the {len(asked[0])} of then or other prompts"
    tried = [[attempt_of(e.body) for e in events if e.kind == "attempt"] for events in both]
    for number, (then, now) in enumerate(zip(*tried, strict=False), 1):
        if then != now:
            yield f"attempt {number}: {' '.join(then)} then, {' '.join(now)} now"
            break
    if len(tried[0]) != len(tried[1]):
        yield f"{len(tried[1])} attempts, not {len(tried[0])}"
    ends = [[e.body for e in events if e.kind == "decision"][-1:] for events in both]
    for then, now in zip(*ends, strict=False):
        for key in ("status", "chosen", "stopped"):
            if then[key] != now[key]:
                yield f"{key}: {then[key]} then, {now[key]} now"


def attempt_of(body: dict[str, Any]) -> tuple[str, ...]:
    """The program and its outcomes."""
    run = body["run"]
    verdicts = [verdict["outcome"] for verdict in run["verdicts"]] if run else ["not run"]
    return (body["candidate"]["id"], *(verdicts or [run["outcome"]]))
