"""Opening models by name, and the files of `scripted/` and `recorded/`."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from model_doubles import ask

from assay.errors import ModelBusy, ModelError, ModelMissing, ProblemError, UnknownName, UsageError
from assay.model import open_model
from assay.model import pull as pulling


def test_unknown_names_list_the_choices() -> None:
    """Catches: an error that leaves one guessing."""
    with pytest.raises(UnknownName, match=r"embedded/….*openai/….*recorded/….*scripted/…"):
        open_model("opnai/gpt")
    with pytest.raises(UnknownName, match=r"qwen2.5-coder-0.5b, qwen2.5-coder-1.5b"):
        open_model("embedded/qwen")
    for name in ("openai", "openai/", ""):
        with pytest.raises(UsageError):
            open_model(name)


def test_a_missing_model_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: a download nobody asked for; with progress asked for, none at all."""
    with pytest.raises(ModelMissing, match=r"assay models pull qwen2.5-coder-0.5b"):
        open_model("embedded/qwen2.5-coder-0.5b", models_dir=tmp_path)

    def no_network(name: str, on_progress: object, *, models_dir: Path | None) -> Path:
        raise ModelError(f"would fetch {name} into {models_dir}")

    monkeypatch.setattr(pulling, "pull", no_network)
    with pytest.raises(ModelError, match=f"would fetch qwen2.5-coder-0.5b into {tmp_path}"):
        open_model(
            "embedded/qwen2.5-coder-0.5b",
            models_dir=tmp_path,
            on_progress=lambda done, total, source: None,
        )


def test_importing_is_light() -> None:
    """Catches: an `assay --help` that waits for aiohttp."""
    heavy = "{'aiohttp', 'xllamacpp', 'pydantic', 'huggingface_hub', 'platformdirs'}"
    code = f"import sys, assay.model; print(sorted({heavy} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert done.stderr == ""


async def test_openai_reads_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: OPENAI_BASE_URL that is not looked at."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/deep/v1/")
    model = open_model("openai/some/model:tag")
    assert model.name == "openai/some/model:tag"
    with pytest.raises(ModelBusy, match=r"1/deep/v1/chat/completions"):
        await model.complete([ask()])
    await model.close()


SCRIPT = """\
[{"match": "Fail", "error": "busy", "text": "later", "retry_after": 2, "times": 1},
 {"regex": "^F.il$", "text": "fine"},
 "first", "second",
 {"text": "slow", "delay": 0.05}]
"""


async def test_a_script_is_followed(tmp_path: Path) -> None:
    """Catches: rules that wear out, texts out of order, a made-up text at the end."""
    path = tmp_path / "script.json"
    path.write_text(SCRIPT)
    model = open_model(f"scripted/{path}")
    with pytest.raises(ModelBusy, match="later") as caught:
        await model.complete([ask("Fail")])
    assert caught.value.retry_after == 2
    completions = await model.complete([ask("a"), ask("Fail"), ask("b"), ask("Fail"), ask("c")])
    assert [one.text for one in completions] == ["first", "fine", "second", "fine", "slow"]
    with pytest.raises(ModelError, match="no reply left"):
        await model.complete([ask("d")])


async def test_a_script_as_lines(tmp_path: Path) -> None:
    """Catches: JSONL read as JSON."""
    path = tmp_path / "script.jsonl"
    path.write_text('"one"\n\n{"text": "two"}\n')
    completions = await open_model(f"scripted/{path}").complete([ask(), ask()])
    assert [one.text for one in completions] == ["one", "two"]


@pytest.mark.parametrize(
    "text",
    ["{", "[1]", '[{"txet": "typo"}]', '[{"regex": "("}]', '[{"error": "what"}]', b"\xff\xfe"],
)
def test_malformed_scripts(tmp_path: Path, text: str | bytes) -> None:
    """Catches: a traceback, several lines, or a mistyped key that is silently ignored."""
    path = tmp_path / "script.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProblemError) as caught:
        open_model(f"scripted/{path}")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["{\n{}\n", '{"text": "no key"}\n', "[]\n", b"\xff\n"])
def test_malformed_recordings(tmp_path: Path, text: str | bytes) -> None:
    """Catches: a recording with a broken row that is read as if it were not there."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProblemError, match="line 1") as caught:
        open_model(f"recorded/{path}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("provider", ["scripted", "recorded"])
def test_missing_files(tmp_path: Path, provider: str) -> None:
    """Catches: a traceback for a mistyped path."""
    with pytest.raises(ProblemError, match=r"none\.jsonl"):
        open_model(f"{provider}/{tmp_path}/none.jsonl")


def test_models_can_be_opened_outside_a_loop(tmp_path: Path) -> None:
    """Catches: an object tied to a loop before there is one."""
    path = tmp_path / "script.json"
    path.write_text('["one"]')
    model = open_model(f"scripted/{path}")
    assert asyncio.run(model.complete([ask()]))[0].text == "one"
    asyncio.run(model.close())
    asyncio.run(open_model("openai/m").close())
