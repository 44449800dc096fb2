"""The verbs. Each only names its flags; the work is imported when it is called."""

# The flags of a verb are read from its context (`Settings.of`), so that a shared flag is
# declared once; the parameters are what typer makes flags of.

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as o
from assay.cli.bench_verbs import bench_app

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
app.add_typer(bench_app, name="bench")
serve_app = typer.Typer(help="Services over HTTP: sandbox.", no_args_is_help=True)
app.add_typer(serve_app, name="serve")


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
        list[str] | None,
        typer.Argument(
            metavar="TARGET...",
            help="A .py file with stubs, a task in words, suite:ID, a .jsonl file, or - (stdin).",
        ),
    ] = None,
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
    force: o.Force = False,
    without: o.Without = None,
    ask: o.Ask = None,
    answers: o.AnswersFile = None,
    step: o.Step = False,
    replay: o.Replay = None,
    model: o.ModelName = o.DEFAULT_MODEL,
    strategy: o.Strategy = "assay",
    selector: o.SelectorName = "posterior",
    min_confidence: o.MinConfidence = 0.0,
    budget: o.BudgetText = "tokens=20000,seconds=600",
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
    jobs: o.Jobs = 1,
    json: o.Json = False,
    config: o.Config = None,
) -> None:
    """Solve problems; print the code, the evidence and the cost."""
    from assay.cli.session import Settings
    from assay.cli.solve import SolveFlags, solve_all

    raise typer.Exit(solve_all(targets or (), Settings.of(context), SolveFlags.of(context)))


@app.command()
def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A program, or - (stdin).")],
    tests: Annotated[
        Path | None,
        typer.Option(envvar="ASSAY_TESTS", help="Asserts, pytest, unittest, or JSONL tests."),
    ] = None,
    stdin: Annotated[
        str | None,
        typer.Option(envvar="ASSAY_STDIN", help="A file that the program reads, or - (stdin)."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(envvar="ASSAY_LANGUAGE", help="Default: by the file's ending.")
    ] = None,
    time: Annotated[
        float,
        typer.Option(
            envvar="ASSAY_TIME", help="CPU seconds a test; three times that by the clock."
        ),
    ] = 5,
    memory: Annotated[int, typer.Option(envvar="ASSAY_MEMORY", help="MB of memory.")] = 512,
    processes: Annotated[
        int, typer.Option(envvar="ASSAY_PROCESSES", help="Processes and threads at once.")
    ] = 48,
    output: Annotated[int, typer.Option(envvar="ASSAY_OUTPUT", help="Bytes of output.")] = 65_536,
    disk: Annotated[int, typer.Option(envvar="ASSAY_DISK", help="MB of files.")] = 16,
    repeat: Annotated[
        int,
        typer.Option(
            envvar="ASSAY_REPEAT",
            min=1,
            max=1000,
            help="Run what fails so often, and mark outcomes that differ as flaky.",
        ),
    ] = 1,
    unsafe: o.Unsafe = False,
    tier: o.Tier = None,
    remote: o.Remote = None,
    json: o.Json = False,
    config: o.Config = None,
) -> None:
    """Run one program in the sandbox; print the verdict and its evidence."""
    from assay.cli.execute import RunFlags, run_file

    flags = RunFlags(
        tests=tests,
        stdin=stdin,
        language=language,
        time=time,
        memory=memory,
        processes=processes,
        output=output,
        disk=disk,
        repeat=repeat,
        unsafe=unsafe,
        tier=tier,
        remote=remote,
        json=json,
    )
    raise typer.Exit(run_file(file, flags))


@app.command()
def rank(
    samples: Annotated[
        Path, typer.Argument(metavar="SAMPLES", help="EvalPlus samples: a .jsonl file or a folder.")
    ],
    tests: Annotated[
        Path, typer.Option(envvar="ASSAY_TESTS", help="JSONL rows of asserts, or a Python file.")
    ],
    selector: o.SelectorName = "posterior",
    trusted: o.Trusted = False,
    min_confidence: o.MinConfidence = 0.0,
    time: Annotated[float, typer.Option(envvar="ASSAY_TIME", help="CPU seconds a test.")] = 0.5,
    explain: o.Explain = False,
    ask: o.Ask = None,
    answers: o.AnswersFile = None,
    log: o.LogFile = None,
    unsafe: o.Unsafe = False,
    remote: o.Remote = None,
    json: o.Json = False,
    config: o.Config = None,
) -> None:
    """Order given programs by given tests that may be wrong; needs no model."""
    from assay.cli.rank import RankFlags, rank_file

    flags = RankFlags(
        tests=tests,
        selector=selector,
        trusted=trusted,
        min_confidence=min_confidence,
        time=time,
        explain=explain,
        ask=ask,
        answers=answers,
        log=log,
        unsafe=unsafe,
        remote=remote,
        json=json,
    )
    raise typer.Exit(rank_file(samples, flags))


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
def doctor(remote: o.Remote = None, json: o.Json = False) -> None:
    """Say what this machine can isolate and run, and how to get what is missing."""
    from assay.cli.doctor import examine

    raise typer.Exit(examine(json, remote))


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


@serve_app.command("sandbox")
def serve_sandbox(
    host: Annotated[
        str, typer.Option(envvar="ASSAY_HOST", help="Where to listen; not loopback: with a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="ASSAY_PORT", min=0, max=65_535, help="0 takes a free one.")
    ] = 8080,
    token: Annotated[
        str | None,
        typer.Option(envvar="ASSAY_TOKEN", help="What requests must show; made where needed."),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(envvar="ASSAY_SLOTS", min=1, max=1024, help="Jobs at once; one a core."),
    ] = None,
    queue: Annotated[
        int, typer.Option(envvar="ASSAY_QUEUE", min=0, help="Jobs that may wait; then 429.")
    ] = 256,
    max_body: Annotated[
        int, typer.Option(envvar="ASSAY_MAX_BODY", min=1, max=1024, help="MB of a request; 413.")
    ] = 16,
    max_seconds: Annotated[
        float, typer.Option(envvar="ASSAY_MAX_SECONDS", min=1, help="Of a request; then 504.")
    ] = 300.0,
    max_memory: Annotated[
        int, typer.Option(envvar="ASSAY_MAX_MEMORY", min=16, help="MB that a job may ask for.")
    ] = 4096,
    unsafe: o.Unsafe = False,
    tier: o.Tier = None,
    json: o.Json = False,
    config: o.Config = None,
) -> None:
    """Serve the sandbox: Assay's own API, SandboxFusion's and open-instruct's."""
    from assay.cli.serve import ServeFlags
    from assay.cli.serve import serve_sandbox as serve

    flags = ServeFlags(
        host=host,
        port=port,
        token=token,
        slots=slots,
        queue=queue,
        max_body=max_body,
        max_seconds=max_seconds,
        max_memory=max_memory,
        unsafe=unsafe,
        tier=tier,
        json=json,
    )
    raise typer.Exit(serve(flags))
