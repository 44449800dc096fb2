"""llama.cpp, in this process or as a `llama-server`: whichever is faster on this machine now.

Both answer on an HTTP address of their own on 127.0.0.1, guarded by a random key. The one in
this process is asked over that address too: its direct calls can only be stopped between two
tokens, not while it reads a prompt (8 prompts of 160 tokens went on for 3.6 s after they had
been given up), whereas it notices a closed connection within a second.
"""

import http.client
import json
import os
import secrets
import shutil
import threading
import time
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from assay.errors import ModelError, ModelMissing
from assay.model.llama_server import LlamaServer

SLOTS = 8
"""Completions at a time."""
BATCH = 128
"""Tokens read in one step; a step, about a second at most, is what a Ctrl-C waits for."""
PROMPT_CACHE_MIB = 256
PROBE_WORDS = "def add(a, b): return a + b # " * 3
PROBE_TOKENS = 8


class Engine(Protocol):
    """A running llama.cpp."""

    @property
    def address(self) -> str: ...

    @property
    def key(self) -> str: ...

    def close(self) -> None:
        """Blocks until memory, threads and processes are given back; may be called twice."""
        ...


SPINS = "300"


class InProcess:
    """llama.cpp within this process, through `xllamacpp`; it prints nothing."""

    def __init__(self, path: Path, threads: int, context: int) -> None:
        if "OMP_WAIT_POLICY" not in os.environ:
            # Read when libgomp loads. Its threads wait by spinning, and two engines on two cores
            # then stand still (docs/log.md); a short spin is as fast on an idle machine.
            os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
        try:
            import xllamacpp
        except ImportError as error:
            raise ModelMissing(
                "embedded models need xllamacpp: pip install 'assay[embedded]'"
            ) from error
        self.key = secrets.token_hex(16)
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context
        params.n_parallel = SLOTS
        params.kv_unified = True
        params.n_batch = params.n_ubatch = BATCH
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.cache_ram_mib = PROMPT_CACHE_MIB
        params.api_keys = [self.key]
        params.fit_params = params.ui = params.warmup = False
        params.verbosity = -1
        try:
            self._server: Any = xllamacpp.Server(params)
        except RuntimeError as error:
            raise ModelError(
                f"llama.cpp cannot load {path}: delete it and fetch it again with "
                "`assay models pull`, or free some memory"
            ) from error
        self.address: str = self._server.listening_address

    def close(self) -> None:
        self._server = None


def start(path: Path, context: int, give_up: threading.Event) -> Engine:
    """The fastest engine for the machine as it is now: each candidate writes a few tokens.

    Threads are tried from all cores downwards, as on a busy machine fewer can be ten times
    faster, and another job's load cannot be known otherwise; then a `llama-server`, if there is
    one. It takes a few seconds and is done afresh each time, as the load differs each time.
    `give_up` is looked at between the steps.
    """
    read_ahead(path, give_up)
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    threads = cores
    best: Engine = InProcess(path, threads, context)
    speed = measure(best)
    for fewer in sorted({max(1, cores // 2), 1} - {cores}, reverse=True):
        if give_up.is_set():
            return best
        rival = InProcess(path, fewer, context)
        rival_speed = measure(rival)
        if rival_speed > speed:
            best.close()
            best, speed, threads = rival, rival_speed, fewer
        else:
            rival.close()
    program = shutil.which("llama-server")
    if program is None or give_up.is_set():
        return best
    try:
        server = LlamaServer(program, path, threads, context, slots=SLOTS, batch=BATCH)
    except ModelError:
        return best  # an old or broken llama-server takes nothing away from the one in process
    if measure(server) > speed:
        best.close()
        return server
    server.close()
    return best


def read_ahead(path: Path, give_up: threading.Event) -> None:
    """Gets the file into memory first: `xllamacpp` holds Python's lock while it loads, so that
    nothing else runs, not even a Ctrl-C; from a cold disk that would be many seconds."""
    block = bytearray(1 << 22)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block) and not give_up.is_set():
            continue


def measure(engine: Engine) -> float:
    """Tokens read and written a second by one short request that no cache knows; 0 if it fails."""
    content = f"{secrets.token_hex(4)} {PROBE_WORDS}"
    body = {"messages": [{"role": "user", "content": content}], "max_tokens": PROBE_TOKENS}
    headers = {"Authorization": f"Bearer {engine.key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(urlsplit(engine.address).netloc, timeout=120)
    started = time.monotonic()
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = json.loads(connection.getresponse().read())
        tokens = int(answer["usage"]["total_tokens"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return 0.0
    finally:
        connection.close()
    return tokens / (time.monotonic() - started)
