"""`assay log` and `assay show`: what happened, as text or JSON."""

import json
import textwrap
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from assay.errors import UsageError
from assay.feedback.shorten import head, visible
from assay.store import Event, Log, Outcomes, RunRow


def list_runs(log: Log, limit: int, as_json: bool) -> None:
    runs = log.runs(limit, begun=True)
    found = log.outcomes(run.id for run in runs)
    for run in runs:
        if as_json:
            print(json.dumps(asdict(run) | {"outcomes": asdict(found[run.id])}))
        else:
            print(f"{run.id}  {when(run.started)}  {kind_of(run):<7} {about(run, found[run.id])}")
    if not runs and not as_json:
        print("nothing has happened yet; try: assay solve examples/roman.py")


def when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def about(run: RunRow, found: Outcomes) -> str:
    """What it was, what was solved, and how that came out, in the columns that are left of 80."""
    said = outcome(found, run.finished)
    room = max(12, 42 - len(said))
    what = " ".join(subject(run.config, room).split())
    return f"{head(visible(what), room)}  {said}".rstrip()


def kind_of(run: RunRow) -> str:
    """The command, or what made another run of it."""
    kinds = {"rejudged": "rejudge", "imported": "import"}
    return next((kind for key, kind in kinds.items() if key in run.config), run.command)


def subject(config: dict[str, Any], room: int) -> str:
    """Files or suite, with what tells it apart from other runs of these: its strategies, or how
    many cells where they take too much room."""
    suite = str(config.get("suite", ""))
    if "rejudged" in config:
        return f"of {config['rejudged']['run']} {suite}"
    if "imported" in config:
        return f"{config['imported']['file']} {suite}"
    if "cells" not in config:
        return suite or " ".join(config.get("targets", []))
    cells = config["cells"]
    names = ",".join(dict.fromkeys(str(cell.get("strategy")) for cell in cells))
    count = f"{len(cells)} cells"
    several = len(cells) > names.count(",") + 1
    words = f"{suite} {names}" + (f", {count}" if several else "")
    return words if len(words) <= room or len(cells) == 1 else f"{suite} {count}"


def outcome(found: Outcomes, finished: bool = True) -> str:
    """By hidden tests, where there are some: else by what the visible ones say. The first problems
    to end are no fair sample, so that a run that is not finished has no rate."""
    total = sum(found.status.values())
    if not finished:
        done = f"{found.solved}/{found.graded} solved" if found.graded else f"{total} done"
        return f"{done}, not finished" if total else "not finished"
    if found.graded:
        return f"{found.solved}/{found.graded} solved ({found.solved / found.graded:.1%})"
    if total == 1:
        return next(iter(found.status))
    parts = [f"{found.status.get('verified', 0)} of {total} verified"] * (total > 0)
    if abstained := found.status.get("abstained"):
        parts.append(f"{abstained} abstained")
    return ", ".join(parts)


def show(log: Log, name: str, as_json: bool) -> None:
    """A run (`ID`), or one problem of it (`ID/PROBLEM`). Raises `UsageError`."""
    prefix, _, item = name.partition("/")
    run = log.find(prefix)
    events = log.events(run.id, item or None)
    if item and not events:
        # A comparison puts the cell before the problem: the problem's name alone is enough, and
        # gives one cell after the other, as they ran at the same time.
        found = [e for e in log.events(run.id) if e.item.rpartition("|")[2] == item]
        cells = list(dict.fromkeys(event.item for event in found))
        events = sorted(found, key=lambda event: cells.index(event.item))
    if item and not events:
        raise UsageError(f"run {run.id} has no problem {item!r}; `assay show {run.id}` lists them")
    if as_json:
        for event in events:
            print(json.dumps(asdict(event)))
        return
    print(f"run {run.id}  {when(run.started)}  assay {run.command}")
    for key, value in run.config.items():
        print(f"  {key}: {textwrap.shorten(json.dumps(value), 120, placeholder=' …')}")
    for line in details(events) if item else overview(run, events):
        print(line)


def overview(run: RunRow, events: list[Event]) -> Iterator[str]:
    results = {event.item: event.body for event in events if event.kind == "result"}
    for item in dict.fromkeys(event.item for event in events if event.item):
        body = results.get(item)
        if body is None and run.command == "rank":
            yield f"  {'asked':<10} {item}"
            continue
        if body is None and run.command == "audit":
            yield f"  {'audited':<10} {item}"
            continue
        if body is None:
            yield f"  {'…':<10} {item}  (not finished)"
            continue
        visible, hidden = body["visible"], {True: "ok", False: "WRONG", None: "-"}[body["hidden"]]
        yield (
            f"  {body['status']:<10} {item}  tests {visible['passed']}/{visible['total']}"
            f"  hidden {hidden}"
        )
    yield f"one problem in full: assay show {run.id}/PROBLEM"


def details(events: list[Event]) -> Iterator[str]:
    for event in events:
        yield ""
        title = f"── {event.kind} "
        yield title + "─" * (78 - len(title))
        if event.item:
            yield f"({event.item}, {time.strftime('%H:%M:%S', time.localtime(event.at))})"
        yield from FORMS.get(event.kind, plain)(event.body)


def plain(body: dict[str, Any]) -> Iterator[str]:
    for key, value in body.items():
        yield f"{key}: {value if isinstance(value, str) else json.dumps(value)}"


def problem(body: dict[str, Any]) -> Iterator[str]:
    yield f"{body['id']} ({body['language']}), {len(body['tests'])} visible tests"
    for test in body["tests"]:
        what = test.get("expression") or test.get("call") or test.get("stdin", "")
        wanted = test.get("expected")
        yield f"  {test['id']}: {what}" + (f" → {wanted}" if wanted is not None else "")


def completion(body: dict[str, Any]) -> Iterator[str]:
    prompt, reply = body["prompt"], body["completion"]
    for message in prompt["messages"]:
        yield f"[{message['role']}]"
        yield message["content"]
    usage = reply["usage"]
    yield (
        f"[{reply['model']}] {usage['prompt_tokens']} + {usage['completion_tokens']} tokens, "
        f"{reply['seconds']:.1f} s{' then (cached)' if reply['cached'] else ''}, "
        f"{reply['finish_reason']}, "
        f"temperature {prompt['temperature']}, seed {prompt['seed']}"
    )
    yield reply["text"]


def attempt(body: dict[str, Any]) -> Iterator[str]:
    candidate, run = body["candidate"], body["run"]
    parent = f", repairs {candidate['parent']}" if candidate["parent"] else ""
    yield f"candidate {candidate['id']} by {candidate['made_by']}{parent}"
    if candidate["code"] is not None:
        yield textwrap.indent(candidate["code"].rstrip(), "    ")
    if run is not None:
        yield from verdicts(run)
    yield f"feedback: {body['feedback']['message']}"


def told(body: dict[str, Any]) -> Iterator[str]:
    yield f"of candidate {body['candidate']}, by {body['source'] or 'nobody'}:"
    yield body["message"]
    if body["note"]:
        yield f"({body['note']})"


def verdicts(run: dict[str, Any]) -> Iterator[str]:
    tier, far = run["isolation"]["tier"], run["isolation"].get("far")
    tier = f"{tier}: {far}" if far else tier
    yield f"run: {run['outcome']} ({tier}, judged {run['judging']}, {run['cpu_seconds']:.3f} s CPU)"
    for verdict in run["verdicts"]:
        detail = verdict["detail"]
        got = detail["actual"] if detail["actual"] is not None else detail["exception"]
        yield f"  {verdict['outcome']:<8} {verdict['test']}" + (f"  gave {got}" if got else "")


FORMS = {
    "feedback": told,
    "problem": problem,
    "completion": completion,
    "attempt": attempt,
    "grade": verdicts,
}
