"""`--remote`: solving and looking with a sandbox in another process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_tools import ADD, Shell, right

from served import Served, Servers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    servers = Servers(tmp_path_factory.mktemp("home"))
    yield servers("--slots", "1", "--token", "far-token")
    servers.close()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.file("add.py", ADD)
    shell.model(right())
    return shell


def test_solve_runs_there(shell: Shell, server: Served) -> None:
    """Would catch a flag that is not read, and a log that hides where the programs ran."""
    flags = ("solve", "add.py", "--model", "scripted/model.json", "--json")
    [row] = shell.run(*flags, "--remote", server.url, ASSAY_TOKEN="far-token").answered().rows
    assert row["status"] == "verified"
    [(_, body), *_] = shell.events("attempt")
    assert (body["run"]["isolation"]["tier"], body["run"]["isolation"]["far"]) == (
        "remote",
        "namespaces",
    )
    name = f"{row['log']}/{row['problem']}" if "/" not in row["log"] else row["log"]
    assert "remote: namespaces" in shell.run("show", name).answered().out


def test_without_the_server_there_is_no_sandbox(shell: Shell, server: Served) -> None:
    """Would catch a silent step down to this machine, and a secret in the message."""
    flags = ("solve", "add.py", "--model", "scripted/model.json")
    shell.run(*flags, "--remote", "http://u:hush@127.0.0.1:1").refused(6, "127.0.0.1:1")
    done = shell.run(*flags, ASSAY_REMOTE=server.url, ASSAY_TOKEN="hush-hush")
    done.refused(6, "token")
    assert "hush" not in done.err
    shell.run(*flags, "--remote", server.url, "--unsafe").refused(2, "remote", "unsafe")


def test_doctor_shows_it_first(shell: Shell, server: Served) -> None:
    """Would catch a doctor that answers for another sandbox than `solve` would use."""
    variables = {"ASSAY_REMOTE": server.url, "ASSAY_TOKEN": "far-token"}
    row = shell.run("doctor", "--json", **variables).answered().rows[0]
    assert (row["check"], row["ok"]) == ("remote", True)
    assert "namespaces" in row["detail"]
    done = shell.run("doctor", "--json", "--remote", "http://127.0.0.1:1")
    assert (done.code, done.rows[0]["ok"]) == (6, False)
