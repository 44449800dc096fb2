"""Go: one file, the standard library, no modules."""

import json
import re
from dataclasses import replace
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import BUILD, Language, Toolchain, finding

_MESSAGE = re.compile(r"(?m)^(?:\./)?main\.go:(?P<line>\d+)(?::(?P<column>\d+))?: (?P<message>.+)$")
_TROUBLE = re.compile(
    r"(?m)^(?P<exception>panic|fatal error): (?P<message>.+)"
    r"(?:(?:\n.*)*?main\.go:(?P<line>\d+))?"
)

_WARM = """package main
import ("bufio"; "bytes"; "container/heap"; "container/list"; "errors"; "fmt"; "maps"; "math/big")
import ("math/rand"; "os"; "regexp"; "slices"; "sort"; "strconv"; "strings"; "sync"; "time")
var _, _, _, _ = bufio.NewReader, bytes.NewBuffer, heap.Init, list.New
var _, _, _, _, _ = errors.New, maps.Keys[map[int]int], big.NewInt, rand.Int, os.Exit
var _, _, _, _, _ = regexp.MustCompile, slices.Sort[[]int], sort.Ints, strconv.Itoa, time.Now
var _, _ = strings.ToUpper, sync.OnceFunc
func main() { fmt.Println() }
"""


def find() -> Toolchain | None:
    compiler = finding.program("go")
    told = finding.says(compiler, "env", "-json", "GOROOT", "GOVERSION") if compiler else None
    try:
        facts = json.loads(told or "")
        root, version = Path(facts["GOROOT"]), str(facts["GOVERSION"]).removeprefix("go")
    except (ValueError, KeyError, TypeError):
        return None
    program = str(root / "bin" / "go")
    return Toolchain(version=version, programs=(program,), folders=finding.outside(root))


def build(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (tools.programs[0], "build", "-p", "2", "-trimpath", "-o", "program", file)


LANGUAGE = Language(
    name="go",
    aliases=("golang",),
    extension=".go",
    find=find,
    get="install Go (https://go.dev/dl, or Debian, Ubuntu: golang)",
    build=build, warm=_WARM,
    diagnose=lambda text: finding.read_messages(text, _MESSAGE),
    limits=replace(BUILD, cpu_seconds=60, wall_seconds=180),
    environment={
        "GOCACHE": "{work}/cache", "GOTOOLCHAIN": "local", "GO111MODULE": "off",
        "GOTELEMETRY": "off", "CGO_ENABLED": "0",
    },
    address_space=False,
    trouble=_TROUBLE,
    exhausted=("runtime: out of memory", "cannot allocate memory"),
)  # fmt: skip
