"""A `llama-server` of this machine as an engine: a build for the very processor is faster."""

import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

from assay.errors import ModelError

START_SECONDS = 60.0


class LlamaServer:
    """A child process on 127.0.0.1, gone when closed and when this process dies."""

    def __init__(
        self, program: str, path: Path, threads: int, context: int, *, slots: int, batch: int
    ) -> None:
        self.key = secrets.token_hex(16)
        self._port = _free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        command = [program, "--model", str(path), "--host", "127.0.0.1"]
        command += ["--port", str(self._port), "--ctx-size", str(context)]
        command += ["--parallel", str(slots), "--kv-unified", "--threads", str(threads)]
        command += ["--batch-size", str(batch), "--ubatch-size", str(batch)]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "assay.model.keeper", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LLAMA_API_KEY": self.key},
            start_new_session=True,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                raise ModelError(f"llama-server ended with status {self._child.returncode}")
            if _is_healthy(self._port):
                return
            time.sleep(0.1)
        raise ModelError(f"llama-server was not ready within {START_SECONDS:.0f} s")


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
