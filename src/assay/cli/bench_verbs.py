"""`assay bench …`: a suite, which needs no word of its own, or one of the named verbs."""

# As in `app`: a verb only names its flags.

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from assay.cli import options as o
from assay.errors import UsageError


class SuiteFirst(TyperGroup):
    """`bench humaneval …` is `bench suite humaneval …`: what is no verb is a suite or a flag."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, "--help"):
            args = ["suite", *args]
        return super().parse_args(ctx, args)


bench_app = typer.Typer(
    cls=SuiteFirst,
    help="Compare strategies on a suite, at equal budgets: assay bench SUITE "
    "(flags: assay bench suite --help).",
)


@bench_app.command("suite")
def bench_suite(
    context: typer.Context,
    suite: o.Suite = "",
    listing: Annotated[
        bool, typer.Option("--list", envvar="ASSAY_LIST", help="The suites, and what is here.")
    ] = False,
    limit: o.Limit = None,
    every: o.Every = 1,
    data: o.SuiteData = None,
    keep_bad: o.KeepBad = False,
    resume: Annotated[
        bool, typer.Option("--resume", envvar="ASSAY_RESUME", help="Go on with a killed run.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(envvar="ASSAY_OUT", help="Write every result here (JSON), in stable order."),
    ] = None,
    model: o.ModelName = o.DEFAULT_MODEL,
    strategy: o.Strategy = "sample,assay",
    selector: o.SelectorName = "agreement",
    budget: o.BudgetText = "tokens=20000",
    total: o.TotalText = "",
    price: o.Price = None,
    seeds: o.Seeds = "0",
    feedback: o.SourceSets = "",
    condition: o.Conditions = "",
    grid: o.GridFile = None,
    dry_run: o.DryRun = False,
    ask: o.AskReference = 0,
    person_error: o.PersonError = 0.0,
    feedback_tokens: o.FeedbackTokens = 800,
    context_tokens: o.ContextTokens = None,
    temperature: o.Temperature = 0.8,
    max_tokens: o.MaxTokens = 1024,
    prompts: o.Prompts = None,
    log: o.LogFile = None,
    record: o.Record = None,
    cache: o.Cache = True,
    unsafe: o.Unsafe = False,
    tier: o.Tier = None,
    remote: o.Remote = None,
    jobs: o.Jobs = 8,
    json: o.Json = False,
    report: o.ReportFile = None,
    config: o.Config = None,
) -> None:
    """Compare strategies on a suite, at equal budgets, by its hidden tests."""
    if listing:
        from assay.cli.bench_list import bench_list

        raise typer.Exit(bench_list(json))
    if not suite:
        raise UsageError("which suite? assay bench --list shows them")
    from assay.cli.bench import bench
    from assay.cli.bench_begin import BenchFlags
    from assay.cli.bench_grid import GridFlags
    from assay.cli.session import Settings

    flags = BenchFlags(
        suite=suite, limit=limit, every=every, data=data, resume=resume, out=out, json=json,
        report=report, keep_bad=keep_bad,
    )  # fmt: skip
    raise typer.Exit(bench(Settings.of(context), flags, GridFlags.of(context)))


@bench_app.command("audit")
def bench_audit(
    suite: o.Suite,
    data: o.SuiteData = None,
    limit: o.Limit = None,
    every: o.Every = 1,
    repeat: Annotated[
        int, typer.Option(envvar="ASSAY_REPEAT", min=1, max=100, help="Runs of each reference.")
    ] = 3,
    against: Annotated[
        Path | None,
        typer.Option(envvar="ASSAY_AGAINST", help="Training rows to look for the problems in."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", envvar="ASSAY_AGAIN", help="Also what the log has already.")
    ] = False,
    log: o.LogFile = None,
    unsafe: o.Unsafe = False,
    tier: o.Tier = None,
    remote: o.Remote = None,
    jobs: o.Jobs = 2,
    json: o.Json = False,
) -> None:
    """Name the problems of a suite that are not fit to compare on."""
    from assay.cli.bench_audit import AuditFlags
    from assay.cli.bench_audit import bench_audit as audit

    flags = AuditFlags(
        suite=suite, data=data, limit=limit, every=every, repeat=repeat, against=against,
        again=again, log=log, unsafe=unsafe, tier=tier, remote=remote, jobs=jobs, json=json,
    )  # fmt: skip
    raise typer.Exit(audit(flags))


@bench_app.command("compare")
def bench_compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A run, as `assay log` lists it.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    log: o.LogFile = None,
    json: o.Json = False,
    report: o.ReportFile = None,
) -> None:
    """Compare two runs of the log over the problems that both measured."""
    from assay.cli.bench_compare import bench_compare as compare

    raise typer.Exit(compare(log, (a, b), json, report))


@bench_app.command("report")
def bench_report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, as `assay log` lists it.")],
    out: Annotated[
        Path | None,
        typer.Option(envvar="ASSAY_OUT", help="The page [default: assay-RUN.html]."),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(envvar="ASSAY_CSV", help="A folder for cells.csv, results.csv, pairs.csv."),
    ] = None,
    log: o.LogFile = None,
    json: o.Json = False,
) -> None:
    """Make one HTML file of a run, with every attempt in it; or its figures as JSON and CSV."""
    from assay.cli.bench_report import ReportFlags
    from assay.cli.bench_report import bench_report as report

    raise typer.Exit(report(ReportFlags(run=run, log=log, out=out, csv=csv, json=json)))


@bench_app.command("results")
def bench_results(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, as `assay log` lists it.")],
    out: Annotated[
        Path | None, typer.Option(envvar="ASSAY_OUT", help="Write it here, not to stdout.")
    ] = None,
    log: o.LogFile = None,
) -> None:
    """Every result of a run as one JSON file, the same whatever interrupted the run."""
    from assay.cli.bench_results import bench_results as results

    raise typer.Exit(results(log, run, out))


@bench_app.command("rejudge")
def bench_rejudge(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, as `assay log` lists it.")],
    hidden: Annotated[
        str | None,
        typer.Option(
            envvar="ASSAY_HIDDEN", help="A suite or .jsonl with the tests; default: the run's."
        ),
    ] = None,
    data: o.SuiteData = None,
    time: Annotated[
        float | None, typer.Option(envvar="ASSAY_TIME", help="CPU seconds of a hidden test.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(envvar="ASSAY_MEMORY", min=16, help="MB of memory.")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(envvar="ASSAY_TOLERANCE", help="Largest difference of floats in values."),
    ] = None,
    comparison: Annotated[
        str | None,
        typer.Option(
            envvar="ASSAY_COMPARISON",
            help="Of what is printed: exact, lines, tokens, unordered, numbers.",
        ),
    ] = None,
    every: Annotated[
        bool,
        typer.Option("--all", envvar="ASSAY_ALL", help="Each program that was tried as well."),
    ] = False,
    cache: o.Cache = True,
    unsafe: o.Unsafe = False,
    tier: o.Tier = None,
    remote: o.Remote = None,
    jobs: o.Jobs = 8,
    log: o.LogFile = None,
    json: o.Json = False,
) -> None:
    """Grade the programs of a run again, by other tests or limits, and ask no model."""
    from assay.cli.bench_rejudge import RejudgeFlags
    from assay.cli.bench_rejudge import bench_rejudge as rejudge

    flags = RejudgeFlags(
        hidden=hidden, data=data, time=time, memory=memory, tolerance=tolerance,
        comparison=comparison, every=every, cache=cache, unsafe=unsafe, tier=tier, remote=remote,
        jobs=jobs, json=json,
    )  # fmt: skip
    raise typer.Exit(rejudge(log, run, flags))


@bench_app.command("sandbox")
def bench_sandbox(
    work: o.WorkNames = "tiny,humaneval",
    workers: o.Workers = 2,
    passes: o.Passes = 3,
    peer: o.Peers = "",
    json: o.Json = False,
) -> None:
    """Compare runners of programs: runs a second, CPU a run, what each isolates."""
    from assay.cli.bench_sandbox import SandboxFlags
    from assay.cli.bench_sandbox import bench_sandbox as compare

    asked = SandboxFlags(work=work, workers=workers, passes=passes, peer=peer, json=json)
    raise typer.Exit(compare(asked))


@bench_app.command("export")
def bench_export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run of bench or solve.")],
    format: Annotated[
        str,
        typer.Option(envvar="ASSAY_FORMAT", help="evalplus, livecodebench, inspect or trl."),
    ],
    cell: Annotated[
        str | None,
        typer.Option(envvar="ASSAY_CELL", help="The cell of the run: its number, or its key."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(envvar="ASSAY_OUT", help="Write here (RUN-FORMAT.…).")
    ] = None,
    data: o.SuiteData = None,
    hidden: Annotated[
        bool,
        typer.Option("--hidden", envvar="ASSAY_HIDDEN", help="Hidden tests go out too."),
    ] = False,
    allow_test_split: Annotated[
        bool,
        typer.Option(
            "--allow-test-split",
            envvar="ASSAY_ALLOW_TEST_SPLIT",
            help="Rows to train on from a test suite.",
        ),
    ] = False,
    log: o.LogFile = None,
    json: o.Json = False,
) -> None:
    """Write a run for EvalPlus, LiveCodeBench, Inspect or TRL."""
    from assay.cli.bench_export import ExportFlags
    from assay.cli.bench_export import bench_export as export

    flags = ExportFlags(
        format=format,
        cell=cell,
        out=out,
        data=data,
        hidden=hidden,
        allow_test_split=allow_test_split,
        log=log,
        json=json,
    )
    raise typer.Exit(export(run, flags))


@bench_app.command("import")
def bench_import(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Samples of any producer: .jsonl, or a folder.")
    ],
    suite: Annotated[str, typer.Option(envvar="ASSAY_SUITE", help="What grades them.")],
    format: Annotated[
        str, typer.Option(envvar="ASSAY_FORMAT", help="Of the file: evalplus.")
    ] = "evalplus",
    data: o.SuiteData = None,
    name: Annotated[
        str | None,
        typer.Option(envvar="ASSAY_NAME", help="Who wrote them (the file's name)."),
    ] = None,
    keep_bad: o.KeepBad = False,
    cache: o.Cache = True,
    log: o.LogFile = None,
    unsafe: o.Unsafe = False,
    tier: o.Tier = None,
    remote: o.Remote = None,
    jobs: o.Jobs = 8,
    json: o.Json = False,
) -> None:
    """Grade programs of any producer by a suite's hidden tests, as a run of their own."""
    from assay.cli.bench_import import ImportFlags
    from assay.cli.bench_import import bench_import as grade

    flags = ImportFlags(
        format=format,
        suite=suite,
        data=data,
        name=name,
        keep_bad=keep_bad,
        log=log,
        cache=cache,
        unsafe=unsafe,
        tier=tier,
        remote=remote,
        jobs=jobs,
        json=json,
    )
    raise typer.Exit(grade(file, flags))
