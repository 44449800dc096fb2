"""Documentation that lies fails here."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from assay.bench.suites import SUITES
from assay.cli.app import app, models_app, serve_app
from assay.cli.bench_verbs import bench_app
from assay.feedback import SOURCES
from assay.model import PROVIDERS
from assay.search import STRATEGIES
from assay.search.budget import Budget
from assay.select import RANKERS, SELECTORS

ROOT = Path(__file__).parent.parent
DOCS = "\n".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def verbs() -> list[str]:
    own = [
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    ]
    groups = {"models": models_app, "serve": serve_app, "bench": bench_app}
    return own + [
        f"{name} {command.name}"
        for name, group in groups.items()
        for command in group.registered_commands
    ]


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_is_documented(verb: str) -> None:
    assert f"assay {verb}" in DOCS


@pytest.mark.parametrize("name", [*STRATEGIES, *SELECTORS, *RANKERS, *SOURCES, *SUITES, *PROVIDERS])
def test_every_name_is_documented(name: str) -> None:
    assert re.search(rf"`{re.escape(name)}[`/(:]", DOCS), name


@pytest.mark.parametrize("limit", Budget.__dataclass_fields__)
def test_every_limit_is_documented(limit: str) -> None:
    assert limit in (ROOT / "docs" / "search.md").read_text()


def test_every_flag_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    group = typer.main.get_command(app)
    top = dict(group.commands)  # type: ignore[attr-defined]
    commands = {name: verb for name, verb in top.items() if not hasattr(verb, "commands")}
    for name, verb in top.items():
        inner = getattr(verb, "commands", {})
        commands |= {f"{name} {word}": command for word, command in inner.items()}
    assert len(commands) > 10
    for name, command in commands.items():
        for parameter in command.params:
            flags = [flag for flag in parameter.opts if flag.startswith("--")]
            assert not flags or any(f"`{flag}" in text for flag in flags), (name, flags)


def test_the_commands_of_the_readme_parse() -> None:
    """Each `assay …` line names a verb and flags that exist, and files that are there."""
    group = typer.main.get_command(app)
    lines = re.findall(r"^assay (.+?)(?:\s+#.*)?$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(lines) >= 7
    for line in lines:
        verb, *arguments = shlex.split(line)
        command = group.commands[verb]  # type: ignore[attr-defined]
        command.make_context(verb, list(arguments))
        for word in arguments:
            if word.startswith("examples/"):
                assert (ROOT / word).exists(), word


def test_links_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
