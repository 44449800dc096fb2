"""`assay bench …`: a suite, which needs no word of its own, or one of the named verbs."""

# As in `app`: a verb only names its flags.

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from assay.cli import options as o


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
    suite: o.Suite,
    limit: Annotated[
        int | None, typer.Option(envvar="ASSAY_LIMIT", min=1, help="Only so many problems.")
    ] = None,
    every: Annotated[
        int, typer.Option(envvar="ASSAY_EVERY", min=1, help="Only every so-manieth problem.")
    ] = 1,
    data: o.SuiteData = None,
    resume: Annotated[
        bool, typer.Option("--resume", envvar="ASSAY_RESUME", help="Go on with a killed run.")
    ] = False,
    model: o.ModelName = o.DEFAULT_MODEL,
    strategy: o.Strategy = "sample,assay",
    selector: o.SelectorName = "agreement",
    budget: o.BudgetText = "tokens=20000",
    total: o.TotalText = "",
    price: o.Price = None,
    seed: o.Seed = 0,
    feedback: o.Sources = "",
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
    from assay.cli.bench import BenchFlags, bench
    from assay.cli.session import Settings

    flags = BenchFlags(
        suite=suite,
        limit=limit,
        every=every,
        data=data,
        resume=resume,
        json=json,
        report=report,
    )
    raise typer.Exit(bench(Settings.of(context), flags))


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
