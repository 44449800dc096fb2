"""Servers as a person starts them: processes of their own, on a free port."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MAIN = "from assay.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Served:
    process: subprocess.Popen[str]
    url: str
    token: str | None
    tier: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


class Servers:
    """Starts them, and ends them all."""

    def __init__(self, home: Path) -> None:
        clean = {name: text for name, text in os.environ.items() if not name.startswith("ASSAY_")}
        self._environment = clean | {"HOME": str(home)}
        self._started: list[subprocess.Popen[str]] = []

    def __call__(self, *flags: str) -> Served:
        """An `assay serve sandbox` with these flags, which answers."""
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "serve", "sandbox", "--port", "0", "--json", *flags],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        told = json.loads(line)
        return Served(process, told["url"], told["token"], told["tier"])

    def close(self) -> None:
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.communicate(timeout=20)
