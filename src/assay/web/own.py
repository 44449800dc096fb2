"""Assay's own API: jobs in, runs out, with every field of both."""

import asyncio
from dataclasses import asdict
from typing import Any

from aiohttp import web

import assay
from assay.model.gather import gather_all
from assay.sandbox.transfer import dump_runs, load_jobs
from assay.web.gate import Gate
from assay.web.reading import Bad, read_json

PAGE = """Assay {version}: a sandbox for programs that nobody trusts ({tier}).

POST /run                 jobs -> runs, Assay's own types (assay.sandbox.open_sandbox(remote=URL))
POST /run_code            SandboxFusion's
POST /test_program        open-instruct's, asserts
POST /test_program_stdio  open-instruct's, standard input and output
GET  /health
"""


async def run(request: web.Request, gate: Gate) -> web.Response:
    jobs = load_jobs(await read_json(request))
    if len(jobs) > gate.capacity:
        raise Bad(422, f"{len(jobs)} jobs in one request; {gate.capacity} is the most here")
    for number, job in enumerate(jobs):
        if job.limits.memory_mb > gate.caps.memory_mb:
            place = f"{number}.limits.memory_mb"
            raise Bad(422, f"{place}: {gate.caps.memory_mb} MB is the most here")
    with gate.places(max(0, len(jobs) - 1)):  # one place was taken when the request came
        runs = await gather_all(gate.run(job) for job in jobs)
    body = await asyncio.to_thread(dump_runs, runs)
    return web.Response(body=body, content_type="application/json")


def health(gate: Gate) -> dict[str, Any]:
    isolation = gate.sandbox.isolation
    return {
        "status": "healthy",
        "service": "assay",
        "version": assay.__version__,
        "tier": isolation.tier,
        "isolation": asdict(isolation),
        "slots": gate.caps.slots,
        "running": gate.running,
        "queued": gate.queued,
        "seconds": gate.caps.seconds,
    }
