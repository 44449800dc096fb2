"""The guards that keep the structure: layers, sizes, imports without effects, no prints."""

import ast
import hashlib
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import assay

SOURCE = Path(assay.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
MAX_FILE, MAX_FUNCTION, USUAL_FUNCTION = 400, 70, 35


def layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body: a verb's list of flags is no code to understand."""
    assert node.end_lineno is not None
    return node.end_lineno - node.body[0].lineno + 1


def test_a_folder_imports_only_from_those_above_it() -> None:
    order = {name: number for number, name in enumerate(assay.LAYERS)}
    for path in FILES:
        mine = layer(path)
        if mine in ("__init__", "__main__"):
            continue
        for name in imports(ast.parse(path.read_text())):
            parts = name.split(".")
            if parts[0] == "assay" and len(parts) > 1 and parts[1] in order:
                assert order[parts[1]] <= order[mine], f"{path} imports {name}"


def test_every_folder_is_a_layer() -> None:
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert folders | {"errors", "names"} == set(assay.LAYERS)


def test_files_stay_small() -> None:
    sizes = sorted(len(path.read_text().splitlines()) for path in FILES)
    assert sizes[-1] <= MAX_FILE
    assert sizes[len(sizes) // 2] <= 150


def test_functions_stay_small() -> None:
    lengths = [(length(node), f"{path.name}:{node.name}") for path, node in functions()]
    assert max(lengths)[0] <= MAX_FUNCTION, max(lengths)
    assert sum(size <= USUAL_FUNCTION for size, _ in lengths) >= 0.9 * len(lengths)


def test_no_function_stands_twice() -> None:
    seen: dict[str, list[str]] = defaultdict(list)
    for path, node in functions():
        if length(node) >= 8:
            text = "\n".join(ast.unparse(statement) for statement in node.body)
            seen[hashlib.sha256(text.encode()).hexdigest()].append(f"{path.name}:{node.name}")
    assert not [places for places in seen.values() if len(places) > 1]


def test_importing_prints_nothing_and_writes_nothing(tmp_path: Path) -> None:
    names = [
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in FILES
        # Programs of the sandbox are run by path and never imported.
        if not {"child", "inside"} & set(path.parts)
    ]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-B", "-c", code, *names],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(SOURCE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "heavy", ["aiohttp", "xllamacpp", "huggingface_hub", "numpy", "pydantic", "rich"]
)
def test_the_command_line_opens_without_heavy_imports(heavy: str) -> None:
    code = f"import sys, assay.cli.app; sys.exit({heavy!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0, f"assay --help would import {heavy}"
