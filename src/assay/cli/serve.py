"""`assay serve sandbox`: starts, says where, and stops cleanly."""

import asyncio
import json
import os
import secrets
from dataclasses import dataclass

from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.errors import UsageError
from assay.sandbox import open_sandbox
from assay.web import Caps, Place, is_loopback
from assay.web.server import serving


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeFlags:
    host: str
    port: int
    token: str | None
    slots: int | None
    queue: int
    max_body: int
    max_seconds: float
    max_memory: int
    unsafe: bool
    tier: str | None
    json: bool


def serve_sandbox(flags: ServeFlags) -> int:
    """Serves until Ctrl-C or SIGTERM, which is how a service ends well: status 0."""
    screen = Screen(quiet=flags.json)
    if flags.token is not None and (len(flags.token) < 8 or not flags.token.isascii()):
        raise UsageError("--token: at least 8 characters, plain ASCII")
    run_async(_serve(flags, screen))
    screen.say("stopped")
    return 0


async def _serve(flags: ServeFlags, screen: Screen) -> None:
    made = (
        secrets.token_urlsafe(24) if flags.token is None and not is_loopback(flags.host) else None
    )
    place = Place(host=flags.host, port=flags.port, token=flags.token or made)
    slots = flags.slots or os.cpu_count() or 1
    caps = Caps(
        slots=slots,
        queue=flags.queue,
        body_mb=flags.max_body,
        seconds=flags.max_seconds,
        memory_mb=flags.max_memory,
    )
    try:
        sandbox = open_sandbox(unsafe=flags.unsafe, slots=slots, tier=flags.tier)
        screen.tell_tier(sandbox.isolation)
        try:
            async with serving(sandbox, place, caps) as url:
                _announce(flags, screen, url, sandbox.isolation.tier, made)
                await asyncio.Event().wait()
        finally:
            await sandbox.close()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()


def _announce(flags: ServeFlags, screen: Screen, url: str, tier: str, made: str | None) -> None:
    """A token that was made is shown here, once, and nowhere else."""
    if flags.unsafe:
        screen.warn("UNSAFE: programs run without isolation, with your rights")
    if flags.json:
        row = {"url": url, "tier": tier, "token": made, "pid": os.getpid()}
        print(json.dumps(row), flush=True)
        return
    screen.say(f"sandbox ({tier}) at {url}")
    if made is not None:
        screen.say(f"token: {made}")
