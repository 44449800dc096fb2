"""The verbs. Each only names its flags; the work is imported when it is called."""

# The flags of a verb are read from its context (`Settings.of`), so that a shared flag is
# declared once; the parameters are what typer makes flags of.

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as o

app = typer.Typer(
    name="assay",
    help="Turn any code model into one that you can trust: programs are asked for, run in a "
    "sandbox, repaired from feedback, selected, and handed back with the evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models_app = typer.Typer(help="Embedded models: list, pull, path.", no_args_is_help=True)
app.add_typer(models_app, name="models")


def version(value: bool) -> None:
    if value:
        import assay

        print(f"assay {assay.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def solve(
    context: typer.Context,
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="A .py file with stubs, a task in words, suite:ID, a .jsonl file, or - (stdin).",
        ),
    ],
    tests: Annotated[
        Path | None, typer.Option(envvar="ASSAY_TESTS", help="A file of asserts or of tests.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(envvar="ASSAY_OUT", help="Write EvalPlus samples (JSONL) here.")
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", envvar="ASSAY_DIFF", help="Print a diff.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", envvar="ASSAY_WRITE", help="Change the file, when verified.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", envvar="ASSAY_FORCE", help="Write over uncommitted changes and unverified."
        ),
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(envvar="ASSAY_WITHOUT", help="Leave out this visible test (id); repeatable."),
    ] = None,
    model: o.ModelName = o.DEFAULT_MODEL,
    strategy: o.Strategy = "self_debug",
    selector: o.SelectorName = "agreement",
    budget: o.BudgetText = "tokens=20000,seconds=600",
    total: o.TotalText = "",
    price: o.Price = None,
    seed: o.Seed = 0,
    temperature: o.Temperature = 0.8,
    max_tokens: o.MaxTokens = 1024,
    prompts: o.Prompts = None,
    log: o.LogFile = None,
    record: o.Record = None,
    cache: o.Cache = True,
    unsafe: o.Unsafe = False,
    jobs: o.Jobs = 1,
    json: o.Json = False,
    config: o.Config = None,
) -> None:
    """Solve problems; print the code, the evidence and the cost."""
    from assay.cli.session import Settings
    from assay.cli.solve import SolveFlags, solve_all

    flags = SolveFlags(
        tests=tests, out=out, diff=diff, write=write, force=force, without=without or (), json=json
    )
    raise typer.Exit(solve_all(targets, Settings.of(context), flags))


@app.command()
def bench(
    context: typer.Context,
    suite: Annotated[
        str,
        typer.Argument(
            metavar="SUITE",
            help="humaneval, or a .jsonl file with hidden tests; or sandbox: runners side by side.",
        ),
    ],
    limit: Annotated[
        int | None, typer.Option(envvar="ASSAY_LIMIT", min=1, help="Only so many problems.")
    ] = None,
    every: Annotated[
        int, typer.Option(envvar="ASSAY_EVERY", min=1, help="Only every so-manieth problem.")
    ] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", envvar="ASSAY_RESUME", help="Go on with a killed run.")
    ] = False,
    work: o.WorkNames = "tiny,humaneval",
    workers: o.Workers = 2,
    passes: o.Passes = 3,
    peer: o.Peers = "",
    model: o.ModelName = o.DEFAULT_MODEL,
    strategy: o.Strategy = "sample,self_debug",
    selector: o.SelectorName = "agreement",
    budget: o.BudgetText = "tokens=20000",
    total: o.TotalText = "",
    price: o.Price = None,
    seed: o.Seed = 0,
    temperature: o.Temperature = 0.8,
    max_tokens: o.MaxTokens = 1024,
    prompts: o.Prompts = None,
    log: o.LogFile = None,
    record: o.Record = None,
    cache: o.Cache = True,
    unsafe: o.Unsafe = False,
    jobs: o.Jobs = 8,
    json: o.Json = False,
    config: o.Config = None,
) -> None:
    """Compare strategies on a suite, at equal budgets, by its hidden tests; or sandboxes."""
    if suite == "sandbox":
        from assay.cli.bench_sandbox import SandboxFlags, bench_sandbox

        asked = SandboxFlags(work=work, workers=workers, passes=passes, peer=peer, json=json)
        raise typer.Exit(bench_sandbox(asked))
    from assay.cli.bench import BenchFlags
    from assay.cli.bench import bench as compare
    from assay.cli.session import Settings

    flags = BenchFlags(suite=suite, limit=limit, every=every, resume=resume, json=json)
    raise typer.Exit(compare(Settings.of(context), flags))


@app.command()
def log(
    limit: Annotated[
        int, typer.Option(envvar="ASSAY_LIMIT", min=1, help="The newest so many.")
    ] = 20,
    log: o.LogFile = None,
    json: o.Json = False,
) -> None:
    """List what was run."""
    from assay.cli.history import list_runs
    from assay.cli.session import open_log

    with open_log(log) as opened:
        list_runs(opened, limit, json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID[/PROBLEM]", help="As `assay log` lists it.")],
    log: o.LogFile = None,
    json: o.Json = False,
) -> None:
    """Show a run, or every prompt, completion, run and decision of one problem in it."""
    from assay.cli.history import show as show_run
    from assay.cli.session import open_log

    with open_log(log) as opened:
        show_run(opened, name, json)


@app.command()
def doctor(json: o.Json = False) -> None:
    """Say what this machine can isolate and run, and how to get what is missing."""
    from assay.cli.doctor import examine

    raise typer.Exit(examine(json))


@models_app.command("list")
def models_list(json: o.Json = False) -> None:
    """List the embedded models and whether they are here."""
    from assay.cli.models import list_models

    list_models(json)


@models_app.command("pull")
def models_pull(
    name: Annotated[str, typer.Argument(help="As `assay models list` has it.")],
) -> None:
    """Fetch an embedded model; goes on where an earlier try ended."""
    from assay.cli.models import pull_model

    pull_model(name)


@models_app.command("path")
def models_path(
    name: Annotated[str, typer.Argument(help="As `assay models list` has it.")],
) -> None:
    """Print where a model's file is."""
    from assay.model.pull import find

    print(find(name))
